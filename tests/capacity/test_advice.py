"""The changes that make a plan fit."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import assume, given
from hypothesis import strategies as st

from capacity.model import advice
from capacity.model.assessment import Assessment, assess
from capacity.model.blocks import further_for
from capacity.model.limits import POD_SUBNETS, TIER1_ROUTERS
from capacity.model.limits.kind import Advice
from capacity.model.limits.pod_subnets import smallest_prefix
from capacity.model.plan import Block, Demand, Network, Plan
from tests.capacity.test_assessment import PLANS
from tests.capacity.test_model import plan


def advise(assessment: Assessment, *, running: bool = False) -> list[Advice]:
    """All advice, limit after limit."""
    found = advice.advise(assessment, running=running)
    return [item for items in found.values() for item in items]


def _changes(candidate: Plan, *, running: bool = False) -> list[str]:
    return [str(item) for item in advise(assess(candidate), running=running)]


def test_for_300_clusters_the_prefix_that_fits_comes_first() -> None:
    assert _changes(plan(imports=300)) == [
        "pod_subnet_prefix: 27 (29 pods per subnet), the same for every cluster on the block "
        "(only with a new cluster)",
        "4 further pod IP blocks of the size /16 in pod_ip_block_ids (also on a running cluster)",
        "59 imported clusters instead of 300 (also on a running cluster)",
    ]


def test_changes_for_a_running_cluster_come_first() -> None:
    assert _changes(plan(imports=60), running=True)[0] == (
        "1 further pod IP block of the size /16 in pod_ip_block_ids (also on a running cluster)"
    )


def test_further_blocks_bear_the_reserve_too() -> None:
    """1,220 subnets with a tenth of all free: 256 and five more blocks."""
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


def test_others_on_the_block_keep_their_prefix_when_the_cluster_gets_a_block_of_its_own() -> None:
    """The prefix of a block is the same for all its clusters and cannot change (docs-pks)."""
    network = Network(blocks=(Block(cidr="172.16.0.0/16", subnets_used=100),))
    demand = Demand(rancher_version="2.8", imported_clusters=300)
    own, renewed, further, _ = advise(assess(Plan(network=network, demands=(demand,))))
    assert "a pod IP block of its own of the size /16 with pod_subnet_prefix: 27" in str(own)
    assert "the other clusters are recreated with it too" in str(renewed)
    assert "5 further pod IP blocks of the size /16" in str(further)


def test_fewer_imports_are_taken_from_the_rancher_that_imports_most() -> None:
    demands = (
        Demand(name="old", rancher_version="2.2", imported_clusters=10),
        Demand(name="new", rancher_version="2.8", imported_clusters=70),
    )
    found = advise(assess(Plan(network=Network(blocks=(Block(cidr="172.16.0.0/16"),)), demands=demands)))
    assert str(found[-1]).startswith("48 imported clusters instead of 70 on new")
    assert assess(found[-1].plan).fits


def test_a_load_balancer_is_enlarged_for_its_own_cluster_alone() -> None:
    demands = (Demand(name="a"), Demand(name="b of a", load_balancer_services=30))
    found = advise(assess(Plan(network=Network(blocks=(Block(cidr="172.16.0.0/16"),)), demands=demands)))
    assert [demand.lb_size for demand in found[0].plan.demands] == ["small", "medium"]


def test_further_node_blocks() -> None:
    nodes = Network(blocks=(Block(cidr="172.16.0.0/16"),), node_blocks=(Block(cidr="10.9.0.0/24"),))
    three = Plan(network=nodes, demands=tuple(Demand(name=name) for name in "abc"))
    assert _changes(three) == [
        "2 further node IP blocks of the size /24 in node_ip_block_ids (TKGI 1.16 and later) "
        "(also on a running cluster)"
    ]


def test_very_many_blocks_become_larger_ones_and_no_room_is_no_advice() -> None:
    assert "39 further pod IP blocks of the size /15" in _changes(plan(imports=5000))[0]
    everything = Network(blocks=(Block(cidr="0.0.0.0/1"), Block(cidr="128.0.0.0/1")), subnet_prefix=1)
    full = Plan(network=everything, demands=(Demand(rancher_version="2.8", imported_clusters=10),))
    assert not any("further" in change for change in _changes(full))


@given(st.integers(0, 99), st.integers(257, 4000), st.integers(16, 24))
def test_no_fewer_blocks_would_do(reserve: int, need: int, prefix: int) -> None:
    blocks = (Block(cidr="172.16.0.0/16"), Block(cidr=f"172.20.0.0/{prefix}"))
    network = Network(blocks=blocks, reserve_percent=reserve)
    found = further_for(network, used=need)
    assume(found)  # else the private addresses do not suffice
    for count, enough in ((len(found), True), (len(found) - 1, False)):
        taken = replace(network, blocks=(*blocks, *found[:count]))
        limit = assess(Plan(network=taken, demands=(Demand(own_namespaces=need),))).limit(POD_SUBNETS.name)
        assert (limit.headroom >= 0) == enough or (not enough and count == 0)


def test_a_plan_that_fits_needs_no_advice() -> None:
    assert _changes(plan(imports=59)) == []


@given(PLANS)
def test_every_advice_lifts_its_limit(candidate: Plan) -> None:
    for item in advise(assess(candidate)):
        assert assess(item.plan).limit(item.limit).headroom >= 0


def test_no_prefix_fits_a_network_that_has_no_room() -> None:
    tiny = Network(blocks=(Block(cidr="172.16.0.0/28"),), subnet_prefix=28)
    assert smallest_prefix(Plan(network=tiny, demands=(Demand(rancher_version="2.8"),))) is None


def test_a_shared_topology_has_no_better_one() -> None:
    full = plan(tier1_limit=0)
    assert [item for item in advise(assess(full)) if item.limit == TIER1_ROUTERS.name] == []


def test_e3_others_recreated_with_the_prefix_take_one_subnet_per_namespace() -> None:
    """/25 has 512 subnets: 200 of others, 260 of the plan, 52 free."""
    network = Network(blocks=(Block(cidr="172.16.0.0/16", subnets_used=200),))
    candidate = Plan(network=network, demands=(Demand(rancher_version="2.8", imported_clusters=60),))
    assert smallest_prefix(candidate) == 25
    [renewed] = [item for item in advise(assess(candidate)) if "recreated" in str(item)]
    assert assess(renewed.plan).limit(POD_SUBNETS.name).headroom == 52


def test_e4_no_subnet_is_advised_that_rancher_itself_outgrows() -> None:
    for imports in (600, 1200, 5000, 20000):
        for item in advise(assess(plan(imports=imports))):
            assert item.plan.network.subnet_prefix <= 27
    small = Network(blocks=(Block(cidr="172.16.0.0/24", subnets_used=5),), subnet_prefix=27)
    candidate = Plan(network=small, demands=(Demand(rancher_version="2.8"),))
    assert not any("pod_subnet_prefix" in change for change in _changes(candidate))


def test_advice_keeps_the_reserve_of_a_larger_pool() -> None:
    found = advise(assess(plan(floating_ips=100, imports=30, reserve_percent=10)))
    more = next(item for item in found if "more floating IPs" in str(item))
    limit = assess(more.plan).limit("floating IPs")
    assert limit.headroom in (0, 1)


def test_a_plan_that_does_not_fit_is_a_warning_with_the_command_that_refuses_it() -> None:
    assert advice.warning(assess(plan(imports=40)), "pulumi preview --policy-pack policy") == ""
    assert advice.warning(assess(plan(imports=60)), "pulumi preview --policy-pack policy") == (
        "pod network: the plan does not fit (pod subnets: 260 planned, 0 used by others, 0 in reserve, 256 "
        "in all). Nothing here stops it. `pulumi preview --policy-pack policy` refuses it and shows what "
        "would make it fit"
    )
    assert "The policies refuse it and show" in advice.warning(assess(plan(imports=60)), "")
