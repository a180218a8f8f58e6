"""Rules of a network profile's parameters."""

from __future__ import annotations

from typing import Any

import pytest

from domain.network_profile import same_parameters, transition_findings
from domain.network_profile_parameters import findings


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ({"pod_ip_block_ids": ["a"]}, {"pod_ip_block_ids": ["b", "a"]}, []),
        ({"pod_ip_block_ids": ["a", "b"]}, {"pod_ip_block_ids": ["b"]}, ["pod_ip_block_ids"]),
        ({"fip_pool_ids": ["a"]}, {}, ["fip_pool_ids"]),
        ({}, {"lb_size": "large"}, ["lb_size"]),
        ({}, {"lb_size": "small", "pod_routable": False}, []),
        ({"nodes_dns": ["10.0.0.1"]}, {"nodes_dns": ["10.0.0.2"]}, []),
        ({"pod_subnet_prefix": 24.0}, {"pod_subnet_prefix": 27}, ["pod_subnet_prefix"]),
    ],
)
def test_profile_transitions(old: dict[str, Any], new: dict[str, Any], expected: list[str]) -> None:
    assert [item.problem.split(" ")[0] for item in transition_findings(old, new)] == expected


def test_defaults_are_as_good_as_absent_keys() -> None:
    assert same_parameters({}, {"lb_size": "small", "pod_subnet_prefix": 24.0, "fip_pool_ids": []})


def test_quoted_booleans_mean_the_same() -> None:
    assert same_parameters({"pod_routable": "true"}, {"pod_routable": True})
    assert same_parameters({"pod_routable": "false"}, {})


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        ({"lb_sise": "small"}, 'p.lb_sise: is not a known key; did you mean lb_size? ("small")'),
        ({"lb_size": "huge"}, "p.lb_size: must be 'small', 'medium' or 'large' (\"huge\")"),
        ({"pod_subnet_prefix": 40}, "p.pod_subnet_prefix: must be at most 30 (40)"),
        ({"nodes_dns": ["x"]}, 'p.nodes_dns[0]: must be an IP address ("x")'),
        ({"pod_ip_block_ids": ["a", "a"]}, "p.pod_ip_block_ids: must not name an object twice"),
        ({"cni_configurations": {"type": "nsxt"}}, "p.cni_configurations.parameters: is not set"),
    ],
)
def test_a_mistake_is_named_with_its_place(parameters: dict[str, Any], expected: str) -> None:
    [found] = findings(parameters, "p")
    assert str(found).startswith(expected)
    assert found.remedy == "See `network-profiles-define` in the TKGI documentation"
