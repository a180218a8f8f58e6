"""Fixtures of the DNS tests."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import pytest
from pulumi.dynamic import Config, ConfigureRequest

from components.dns.provider import DnsProvider
from tests.dns import sites
from tests.dns.sites import KEY, SECRET, Site

T = TypeVar("T", bound=DnsProvider)


@pytest.fixture(params=["lab", "bind", "knot"])
def site(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Site]:
    """Zone ``lab.test`` on each server in turn: the lab's behaves like BIND and Knot DNS."""
    servers = {"lab": sites.lab_server, "bind": sites.bind, "knot": sites.knot}
    with servers[request.param](tmp_path) as running:
        yield running


@pytest.fixture
def configured(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """Makes a provider as the engine does, with the right key by default."""
    for name in ("DNS_TSIG_NAME", "DNS_TSIG_SECRET", "DNS_TSIG_ALGORITHM"):
        monkeypatch.delenv(name, raising=False)

    def make(kind: type[T], **config: str) -> T:
        keys = {"dnsTsigName": KEY, "dnsTsigSecret": SECRET, **config}
        raw = {f"rancher-on-pks:{key}": value for key, value in keys.items()}
        provider = kind()
        provider.configure(ConfigureRequest(Config(raw, "rancher-on-pks")))
        return provider

    return make
