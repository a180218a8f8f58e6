"""The changes that make a plan fit."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given

from capacity.advice import advise, smallest_prefix
from capacity.assessment import TIER1_ROUTERS, assess
from capacity.model import Block, Demand, Network, Plan
from tests.capacity.test_assessment import PLANS
from tests.capacity.test_model import plan


def _changes(candidate: Plan, *, running: bool = False) -> list[str]:
    return [str(advice) for advice in advise(assess(candidate), running=running)]


def test_for_300_clusters_the_prefix_that_fits_comes_first() -> None:
    assert _changes(plan(imports=300)) == [
        "pod_subnet_prefix: 27 (29 pods a subnet), the same for every cluster on the block "
        "(only with a new cluster)",
        "4 further pod IP blocks of the size /16 in pod_ip_block_ids (also on a running cluster)",
        "59 imported clusters instead of 300 (also on a running cluster)",
    ]


def test_a_running_cluster_is_told_first_what_it_can_have() -> None:
    assert _changes(plan(imports=60), running=True)[0] == (
        "1 further pod IP block of the size /16 in pod_ip_block_ids (also on a running cluster)"
    )


def test_further_blocks_bear_the_reserve_too() -> None:
    """1,220 subnets with a tenth of all free: 256 and five blocks more."""
    found = advise(assess(plan(imports=300, reserve_percent=10)))
    assert "5 further pod IP blocks" in str(found[1])
    assert assess(found[1].plan).fits


def test_what_others_use_grows_with_the_prefix() -> None:
    half = Network(blocks=(Block(cidr="172.16.0.0/16", subnets_used=128),))
    candidate = Plan(network=half, demands=(Demand(rancher_version="2.8", imported_clusters=59),))
    assert smallest_prefix(candidate) == 25


def test_remedies_of_the_other_limits() -> None:
    dedicated = plan(topology="dedicated", tier1_limit=100, imports=30)
    assert "single_tier_topology: true" in _changes(dedicated)[0]
    pool = plan(floating_ips=100, imports=30)
    assert [text.split(" (")[0] for text in _changes(pool)] == [
        "44 more floating IPs",
        "pod_routable: true",
        "19 imported clusters instead of 30",
    ]
    busy = replace(plan(), demands=(Demand(load_balancer_services=30),))
    assert _changes(busy) == ["lb_size: medium (100 virtual servers) (only with a new cluster)"]


def test_a_plan_that_fits_needs_no_advice() -> None:
    assert _changes(plan(imports=59)) == []


@given(PLANS)
def test_every_advice_lifts_its_limit(candidate: Plan) -> None:
    for advice in advise(assess(candidate)):
        assert assess(advice.plan).limit(advice.limit).headroom >= 0


def test_no_prefix_fits_a_network_that_has_no_room() -> None:
    tiny = Network(blocks=(Block(cidr="172.16.0.0/28"),), subnet_prefix=28)
    assert smallest_prefix(Plan(network=tiny, demands=(Demand(rancher_version="2.8"),))) is None


def test_a_shared_topology_has_no_better_one() -> None:
    full = plan(tier1_limit=0)
    assert [advice for advice in advise(assess(full)) if advice.limit == TIER1_ROUTERS] == []
