"""Clusters whose workers are in node pools of a compute profile."""

from __future__ import annotations

from typing import Any

import pytest

from components.pks.cluster import ClusterProvider
from tests.pks.conftest import FakeFoundation, live
from tests.pks.test_cluster import CLUSTER
from tests.pks.test_preflight import FOUNDATION
from tests.preflight import found as findings

POOLS = [
    {"name": "tiny-1", "instances": 5, "max_worker_instances": 7},
    {"name": "medium-2", "instances": 1},
]
WANTED: dict[str, Any] = {**CLUSTER, "compute_profile": "pools"}


@pytest.fixture
def pooled(foundation: FakeFoundation) -> FakeFoundation:
    """A foundation with a compute profile that has node pools, and with one that has none."""
    with foundation.change() as state:
        state["compute_profiles"] = [
            {"name": "pools", "parameters": {"cluster_customization": {"node_pools": POOLS}}},
            {"name": "more", "parameters": {"cluster_customization": {"node_pools": POOLS}}},
            {"name": "zones", "parameters": {"azs": [{"name": "az-1"}], "worker_azs": ["az-1"]}},
        ]
    return foundation


def orders(foundation: FakeFoundation) -> list[list[str]]:
    """The flags of each order since the last call."""
    return [
        [item for item in line[2:] if item not in ("--non-interactive", "--json")]
        for line in foundation.argv()
        if line[0] in ("create-cluster", "update-cluster")
    ]


def test_a2_workers_are_not_sent_and_do_not_drift(pooled: FakeFoundation) -> None:
    provider = pooled.configured(ClusterProvider)
    created = provider.create(dict(WANTED))
    assert created.outs is not None
    assert created.outs["workers"] == 3
    assert orders(pooled) == [
        ["--external-hostname", "c.test", "--plan", "rancher", "--compute-profile", "pools"],
    ]
    for _ in range(3):
        read = provider.read(created.id, created.outs)
        assert read.outs == created.outs
        assert read.inputs is not None
        assert not provider.diff(created.id, created.outs, {**WANTED}).changes
        provider.update(created.id, created.outs, {**WANTED, "workers": 4})
        assert orders(pooled) == []


def test_a2_pools_are_sized_by_their_names(pooled: FakeFoundation) -> None:
    provider = pooled.configured(ClusterProvider)
    wanted = {**WANTED, "node_pool_instances": {"tiny-1": 2.0, "medium-2": 3.0}}
    created = provider.create(wanted)
    assert created.outs is not None
    assert orders(pooled)[0][-2:] == ["--node-pool-instances", "medium-2:3,tiny-1:2"]
    assert pooled.state()["clusters"][0]["parameters"]["kubernetes_worker_instances"] == 5
    resized = {**wanted, "node_pool_instances": {"tiny-1": 4, "medium-2": 3}}
    assert provider.diff(created.id, created.outs, resized).changes
    updated = provider.update(created.id, created.outs, resized).outs
    assert orders(pooled) == [["--node-pool-instances", "medium-2:3,tiny-1:4"]]
    assert updated is not None
    assert not provider.diff(created.id, updated, resized).changes
    moved = provider.update(created.id, updated, {**resized, "compute_profile": "more"}).outs
    assert orders(pooled) == [["--compute-profile", "more", "--node-pool-instances", "medium-2:3,tiny-1:4"]]
    assert moved is not None
    assert moved["compute_profile"] == "more"


def test_a2_a_profile_without_pools_leaves_the_workers_to_the_cluster(pooled: FakeFoundation) -> None:
    provider = pooled.configured(ClusterProvider)
    created = provider.create({**WANTED, "compute_profile": "zones"})
    assert "--num-nodes" in orders(pooled)[0]
    assert created.outs is not None
    provider.update(created.id, created.outs, {**WANTED, "compute_profile": "zones", "workers": 5})
    assert orders(pooled) == [["--num-nodes", "5"]]


def test_a2_an_adopted_cluster_gets_the_numbers_of_its_pools(pooled: FakeFoundation) -> None:
    with pooled.change() as state:
        state["clusters"] = [live(compute_profile_name="pools")]
    provider = pooled.configured(ClusterProvider)
    provider.create({**WANTED, "node_pool_instances": {"tiny-1": 2}})
    assert orders(pooled)[1] == ["--node-pool-instances", "tiny-1:2"]


@pytest.mark.parametrize(
    ("instances", "expected"),
    [
        ({}, None),
        ({"tiny-1": 7}, None),
        ({"tiny": 1}, "has no node pool 'tiny'; its pools: medium-2, tiny-1"),
        ({"tiny-1": 8}, "has at most 7 workers, not 8"),
    ],
)
def test_a2_numbers_that_tkgi_would_refuse_are_found_before(
    pooled: FakeFoundation, instances: dict[str, int], expected: str | None
) -> None:
    wanted = {**FOUNDATION, "compute_profile": "pools", "node_pool_instances": instances}
    found = findings("foundation", wanted, pksCli=str(pooled.executable))
    assert (expected is None and not found) or (expected or "") in "".join(found)
