"""What the documentation of each release shows is understood."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from domain import pks_refusals as refusals
from domain.cluster import LiveCluster, node_pools
from domain.network_profile_parameters import findings

DOCUMENTED = Path(__file__).with_name("documented")


def read(path: str) -> Any:
    return json.loads((DOCUMENTED / path).read_text())


def entries(name: str) -> list[Any]:
    """The entries of all releases' files of this name, each with its release and number."""
    found = []
    for file in sorted(DOCUMENTED.glob(f"*/{name}.json")):
        for number, entry in enumerate(json.loads(file.read_text())):
            found.append(pytest.param(entry, id=f"{file.parent.name}-{number}"))
    return found


@pytest.mark.parametrize("entry", entries("network-profiles"))
def test_a7_documented_profiles(entry: dict[str, Any]) -> None:
    assert (not findings(entry["parameters"])) is entry["valid"]


@pytest.mark.parametrize("value", ["DENIED", "all", "", True, 1, None, ["ALL"]])
def test_a7_firewall_traffic_has_three_values(value: object) -> None:
    log = {"log_level": "WARNING", "log_firewall_traffic": value}
    found = findings({"cni_configurations": {"type": "nsxt", "parameters": {"log_settings": log}}})
    assert bool(found) is (value is not None)
    assert all("must be 'ALL', 'ALLOW' or 'DENY'" in item.problem for item in found)


@pytest.mark.parametrize("entry", entries("errors"))
def test_a6_documented_errors(entry: dict[str, Any]) -> None:
    text, means = entry["text"], entry["means"]
    found = {
        "expired": refusals.expired(text),
        "transient": refusals.transient(text),
        "rejected": refusals.rejected(text),
        "absent": refusals.absent(text, "my-cluster"),
    }
    assert [kind for kind, holds in found.items() if holds] == ([means] if means in found else [])


@pytest.mark.parametrize(
    ("path", "busy", "failed", "expected"),
    [
        ("1.2/cluster.json", False, False, {"plan": "large", "workers": 3, "network_profile": ""}),
        ("1.2/cluster-error.json", False, True, {"workers": 3}),
        ("1.4/cluster-creating.json", True, False, {"network_profile": "np-tenant-a", "workers": 2}),
        ("1.6/cluster-queued.json", True, False, {"compute_profile": ""}),
        ("1.12/cluster-failed.json", False, True, {"workers": 3}),
        ("1.19/cluster-node-pools.json", False, False, {"workers": 6, "tags": {}}),
        ("1.20/cluster-queued.json", True, False, {}),
        ("1.20/cluster-tags.json", False, False, {"tags": {"owner": "blog", "keyOnly": ""}}),
    ],
)
def test_documented_clusters(path: str, busy: bool, failed: bool, expected: dict[str, Any]) -> None:
    live = LiveCluster.of(read(path))
    assert (live.busy, live.failed, live.action) == (busy, failed, live.action.upper())
    assert live.master_ips in ([], ["192.168.20.7"])
    assert {name: live.values().get(name) for name in expected} == expected


def test_documented_lists() -> None:
    first, second = (LiveCluster.of(item) for item in read("1.5/clusters.json"))
    assert (first.kubernetes_version, first.values()["network_profile"]) == ("1.14.5", "lb-medium")
    assert second.deleting


def test_a2_documented_node_pools() -> None:
    assert list(node_pools(read("1.12/compute-profile.json")["parameters"])) == ["tiny-1", "medium-2"]
    creating = LiveCluster.of(read("1.4/cluster-creating.json"))
    assert creating.compute_profile_document is not None
    assert node_pools(creating.compute_profile_document) == {}
