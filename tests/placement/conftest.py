"""Fixtures of the placement's tests."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import pytest
from pulumi.dynamic import Config, ConfigureRequest

from components.placement.provider import PlacementProvider
from tests.placement.fake_vcenter import FakeVCenter, serve

T = TypeVar("T", bound=PlacementProvider)


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> FakeVCenter:
    """The vCenter of every session, with one datacenter and one vSphere cluster."""
    made = FakeVCenter()
    made.datacenter("dc0", "DC0")
    made.cluster("c0", "C0", "dc0")
    serve(made, monkeypatch)
    return made


@pytest.fixture
def configured(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """Makes a provider as the engine does."""
    for name in ("VSPHERE_SERVER", "VSPHERE_USER", "VSPHERE_PASSWORD"):
        monkeypatch.delenv(name, raising=False)

    def make(kind: type[T]) -> T:
        keys = {"vsphereServer": "vc", "vsphereUser": "me", "vspherePassword": "hidden"}
        raw = {f"rancher-on-pks:{key}": value for key, value in keys.items()}
        provider = kind()
        provider.configure(ConfigureRequest(Config(raw, "rancher-on-pks")))
        return provider

    return make
