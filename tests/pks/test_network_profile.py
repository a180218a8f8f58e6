"""Network profile: the dynamic provider against the fake CLI."""

from __future__ import annotations

import logging
from typing import Any

import pytest

from components.pks.network_profile import NetworkProfileProvider
from components.runtime.errors import ProviderError
from tests.pks.conftest import FakeFoundation, live

PROFILE: dict[str, Any] = {
    "name": "lb-medium",
    "description": "medium",
    "parameters": {"lb_size": "medium", "pod_subnet_prefix": 27.0},
}


def test_profile_lives_its_life(foundation: FakeFoundation) -> None:
    provider = foundation.configured(NetworkProfileProvider)
    created = provider.create(PROFILE)
    assert created.id == "lb-medium"
    assert foundation.state()["network_profiles"] == [
        {
            "name": "lb-medium",
            "description": "medium",
            "parameters": {"lb_size": "medium", "pod_subnet_prefix": 27},
        }
    ]
    assert foundation.commands() == ["login", "create-network-profile"]
    assert created.outs is not None
    assert provider.read("lb-medium", created.outs).outs == created.outs
    provider.delete("lb-medium", created.outs)
    provider.delete("lb-medium", created.outs)
    assert provider.read("lb-medium", created.outs).id == ""


def test_profile_is_taken_over_only_when_it_means_the_same(foundation: FakeFoundation) -> None:
    provider = foundation.configured(NetworkProfileProvider)
    with foundation.change() as state:
        parameters = {"lb_size": "medium", "pod_subnet_prefix": 27, "pod_routable": False, "nodes_dns": []}
        state["network_profiles"] = [{"name": "lb-medium", "parameters": parameters}]
    assert provider.create(PROFILE).id == "lb-medium"
    with pytest.raises(ProviderError, match="exists with other parameters"):
        provider.create({**PROFILE, "parameters": {"lb_size": "large"}})


def test_profile_in_use_elsewhere_stays(foundation: FakeFoundation, caplog: pytest.LogCaptureFixture) -> None:
    with foundation.change() as state:
        state["network_profiles"] = [{"name": "lb-medium", "parameters": {}}]
        state["clusters"] = [live("other", network_profile_name="lb-medium")]
    with caplog.at_level(logging.WARNING, "rancher-on-pks"):
        foundation.configured(NetworkProfileProvider).delete("lb-medium", dict(PROFILE))
    assert "network profile lb-medium stays: other uses it" in caplog.text


def test_profile_is_exchanged_not_changed() -> None:
    provider = NetworkProfileProvider()
    grown = {"name": "lb-2", "description": "medium"}
    grown_parameters = {**PROFILE["parameters"], "pod_ip_block_ids": ["b"]}
    same_name = {**PROFILE, "parameters": grown_parameters}
    assert (
        "Give the new parameters another profile name"
        in provider.check(PROFILE, same_name).failures[0].reason
    )
    wanted = {**grown, "parameters": grown_parameters}
    assert provider.check(PROFILE, wanted).failures == []
    difference = provider.diff("lb-medium", PROFILE, wanted)
    assert (difference.changes, difference.replaces) == (True, ["name", "parameters"])
    assert difference.delete_before_replace is False
    assert provider.diff("lb-medium", PROFILE, dict(PROFILE)).changes is False
