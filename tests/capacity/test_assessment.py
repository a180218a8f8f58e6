"""What a plan takes of each limit: documented figures, and properties that always hold."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from capacity.model import limits
from capacity.model.advice import advise
from capacity.model.assessment import assess
from capacity.model.namespaces import namespace_count, namespaces_per_import, with_imports
from capacity.model.plan import Block, CapacityError, Demand, Network, Plan
from tests.capacity.test_model import POD_BLOCK, plan

POD_SUBNETS, FLOATING_IPS = limits.POD_SUBNETS.name, limits.FLOATING_IPS.name
TIER1_ROUTERS, SEGMENTS = limits.TIER1_ROUTERS.name, limits.SEGMENTS.name

VERSIONS = st.sampled_from([None, "2.2", "2.4", "2.5", "2.6", "2.7.18", "2.8", "2.11", "2.13", "2.15"])
COUNT = st.integers(0, 60)


@st.composite
def demands(draw: st.DrawFn) -> Demand:
    version = draw(VERSIONS)
    return Demand(
        rancher_version=version,
        own_namespaces=draw(st.integers(3, 8)),
        imported_clusters=draw(COUNT) if version else 0,
        connected=draw(st.booleans()),
        projects=draw(COUNT),
        users=draw(COUNT),
        applications=draw(COUNT),
        leaked=draw(st.integers(0, 5)),
        crowded=tuple(draw(st.lists(st.integers(0, 2000), max_size=3))),
        load_balancer_services=draw(st.integers(0, 10)),
        lb_size=draw(st.sampled_from(["small", "medium", "large"])),
    )


@st.composite
def networks(draw: st.DrawFn) -> Network:
    count = draw(st.integers(1, 3))
    prefix = draw(st.integers(20, 29))
    return Network(
        blocks=tuple(Block(cidr=f"10.{number}.0.0/{draw(st.integers(16, 20))}") for number in range(count)),
        subnet_prefix=prefix,
        topology=draw(st.sampled_from(["dedicated", "shared"])),
        nat=draw(st.booleans()),
        floating_ips=draw(st.none() | st.integers(0, 3000)),
        tier1_limit=draw(st.none() | st.integers(0, 3000)),
        segment_limit=draw(st.none() | st.integers(0, 3000)),
        node_blocks=draw(st.sampled_from([(), (Block(cidr="192.168.0.0/16"),)])),
        reserve_percent=draw(st.integers(0, 30)),
    )


PLANS = st.builds(
    lambda network, items: Plan(
        network=network,
        demands=tuple(replace(item, name=f"cluster-{number}") for number, item in enumerate(items)),
    ),
    networks(),
    st.lists(demands(), min_size=1, max_size=3),
)


@pytest.mark.parametrize(
    ("version", "prefix", "imports"), [("2.2", 24, 81), ("2.8", 24, 59), ("2.8", 27, 507)]
)
def test_the_documented_figures_of_a_default_block(version: str, prefix: int, imports: int) -> None:
    found = assess(plan(version, prefix=prefix))
    assert found.max_imports == imports
    assert assess(plan(version, prefix=prefix, imports=imports)).fits
    assert not assess(plan(version, prefix=prefix, imports=imports + 1)).fits


def test_a_registered_cluster_costs_less_than_a_connected_one() -> None:
    assert namespaces_per_import(Demand(rancher_version="2.15", connected=False)) == 3
    assert namespaces_per_import(Demand(rancher_version="2.15")) == 4
    assert namespaces_per_import(Demand(rancher_version="2.2")) == 3


def test_what_a_cluster_costs_in_each_topology() -> None:
    """Dedicated: one router per namespace, one for the nodes and one for the load balancer; shared: one."""
    figures: dict[str, Any] = {"tier1_limit": 500, "segment_limit": 500, "floating_ips": 500}
    dedicated = assess(plan(topology="dedicated", **figures))
    shared = assess(plan(topology="shared", nat=False, **figures))
    namespaces = 5 + 14 + 1
    assert dedicated.limit(TIER1_ROUTERS).planned == namespaces + 2
    assert shared.limit(TIER1_ROUTERS).planned == 1
    assert dedicated.limit(SEGMENTS).planned == shared.limit(SEGMENTS).planned == namespaces + 2
    assert dedicated.limit(FLOATING_IPS).planned == namespaces + 3 + 1
    assert shared.limit(FLOATING_IPS).planned == 3 + 1
    assert assess(plan()).unknown == (FLOATING_IPS, TIER1_ROUTERS, SEGMENTS, "node subnets")


def test_crowded_namespaces_take_several_subnets() -> None:
    crowded = Demand(rancher_version="2.8", crowded=(253, 254, 600))
    network = Network(blocks=(Block(cidr="172.16.0.0/16"),))
    found = assess(Plan(network=network, demands=(crowded,)))
    assert found.limit(POD_SUBNETS).planned == namespace_count(crowded) + 0 + 1 + 2


def test_several_clusters_share_the_blocks_and_each_has_its_load_balancer() -> None:
    blocks = (Block(cidr="172.16.0.0/16", subnets_used=100), Block(cidr="172.17.0.0/17"))
    other = Demand(name="other", applications=20, load_balancer_services=9)
    both = Plan(network=Network(blocks=blocks), demands=(Demand(rancher_version="2.8"), other))
    found = assess(both)
    subnets = found.limit(POD_SUBNETS)
    assert (subnets.capacity, subnets.used, subnets.planned) == (384, 100, 20 + 25)
    assert found.limit("virtual servers of other").headroom == -1
    assert not found.fits


def test_the_limit_that_is_hit_first() -> None:
    found = assess(plan(floating_ips=100, imports=10))
    assert found.first_limit is not None
    assert found.first_limit.name == FLOATING_IPS
    assert found.max_imports == (100 - 4 - 20) // 4
    assert found.first_exhausted_at == (100 - 4 - 20) // 4 + 1


def test_a_network_too_small_for_rancher_alone_is_exhausted_before_the_first_import() -> None:
    for subnets, number in ((256, 60), (24, 2), (23, 1), (20, 1), (19, 0), (1, 0)):
        network = Network(blocks=(Block(cidr="172.16.0.0/16", subnets_used=256 - subnets),))
        found = assess(Plan(network=network, demands=(Demand(rancher_version="2.8"),)))
        assert (found.first_exhausted_at, found.fits) == (number, number > 0)


def test_blocks_are_filled_in_their_order() -> None:
    blocks = (Block(cidr="172.16.0.0/16", subnets_used=100), Block(cidr="172.17.0.0/17", subnets_used=5))
    network = Network(blocks=blocks)
    for imports, taken in ((0, (120, 5)), (34, (256, 5)), (35, (256, 9)), (500, (256, 128))):
        demand = Demand(rancher_version="2.8", imported_clusters=imports)
        assert assess(Plan(network=network, demands=(demand,))).block_use == taken


def test_more_crowded_namespaces_than_there_are_is_refused() -> None:
    crowded = Demand(own_namespaces=2, crowded=(300, 300, 300))
    with pytest.raises(CapacityError, match="crowded: 3 namespaces, but cluster rancher has only 2"):
        assess(Plan(network=Network(blocks=(Block(cidr="172.16.0.0/16"),)), demands=(crowded,)))


def test_imports_need_a_rancher() -> None:
    with pytest.raises(CapacityError, match="rancherVersion: not set for any cluster"):
        with_imports(plan(None), 3)


@given(PLANS)
def test_nothing_is_negative_but_headroom_and_sums_are_exact(candidate: Plan) -> None:
    for limit in assess(candidate).limits:
        assert min(limit.capacity, limit.used, limit.planned, limit.reserve, limit.per_import) >= 0
        assert limit.headroom + limit.reserve + limit.used + limit.planned == limit.capacity


@given(
    PLANS,
    st.sampled_from(
        [
            *("imported_clusters", "projects", "users", "applications", "leaked", "own_namespaces"),
            *("load_balancer_services", "connected", "crowded"),
        ]
    ),
)
def test_more_of_anything_never_leaves_more(candidate: Plan, name: str) -> None:
    first = candidate.demands[0]
    if first.rancher_version is None and name == "imported_clusters":
        return
    grown: dict[str, Any] = {"connected": True, "crowded": tuple(pods + 100 for pods in first.crowded)}
    more = replace(first, **{name: grown[name] if name in grown else getattr(first, name) + 1})
    after = assess(replace(candidate, demands=(more, *candidate.demands[1:])))
    for limit, later in zip(assess(candidate).limits, after.limits, strict=True):
        assert later.headroom <= limit.headroom


@given(PLANS)
def test_the_last_import_that_fits_is_the_last(candidate: Plan) -> None:
    if all(demand.rancher_version is None for demand in candidate.demands):
        return
    most = assess(candidate).max_imports
    if most is None or not assess(with_imports(candidate, 0)).fits:
        return
    assert assess(with_imports(candidate, most)).fits
    assert not assess(with_imports(candidate, most + 1)).fits


@given(networks(), st.lists(st.integers(0, 40), max_size=6), st.integers(0, 12))
def test_an_allocator_that_takes_one_subnet_after_the_other_agrees(
    network: Network, pods: list[int], plain: int
) -> None:
    """Blocks in order; a namespace takes subnets until its pods have addresses."""
    network = replace(network, reserve_percent=0)
    free = [1] * sum(block.subnets(network.subnet_prefix) for block in network.blocks)
    realised = True
    for count in [*pods, *([0] * plain)]:
        addresses = 0
        while addresses < max(count, 1):
            if not free:
                realised = False
                break
            free.pop()
            addresses += network.pods_per_subnet
    demand = Demand(own_namespaces=len(pods) + plain, crowded=tuple(pods))
    limit = assess(Plan(network=network, demands=(demand,))).limit(POD_SUBNETS)
    assert (limit.headroom >= 0) == realised
    if realised:
        assert limit.headroom == len(free)


@given(PLANS, st.integers(1, 40))
def test_what_others_take_is_gone(candidate: Plan, taken: int) -> None:
    first, *rest = candidate.network.blocks
    taken = min(taken, first.subnets(candidate.network.subnet_prefix))
    blocks = (replace(first, subnets_used=taken), *rest)
    before, after = (
        assess(candidate),
        assess(replace(candidate, network=replace(candidate.network, blocks=blocks))),
    )
    assert before.limit(POD_SUBNETS).headroom - after.limit(POD_SUBNETS).headroom == taken


def test_e1_each_further_subnet_of_a_crowded_namespace_comes_with_a_segment() -> None:
    network = Network(blocks=(POD_BLOCK,), segment_limit=500)
    calm, crowded = (Demand(rancher_version="2.8", crowded=pods) for pods in ((), (253, 254, 600)))
    before, after = (assess(Plan(network=network, demands=(item,))) for item in (calm, crowded))
    for name in (POD_SUBNETS, SEGMENTS):
        assert after.limit(name).planned == before.limit(name).planned + 0 + 1 + 2


@pytest.mark.parametrize(
    "figures", [{"tier1_limit": 0}, {"node_blocks": (Block(cidr="10.9.0.0/24", subnets_used=1),)}]
)
def test_e2_a_broken_limit_without_imports_lets_none_fit(figures: dict[str, Any]) -> None:
    found = assess(plan(**figures))
    assert (found.max_imports, found.first_exhausted_at) == (0, 0)
    assert found.first_limit in found.exceeded


def test_e2_a_load_balancer_that_is_too_small_lets_none_fit() -> None:
    demand = Demand(rancher_version="2.8", load_balancer_services=9)
    found = assess(Plan(network=Network(blocks=(POD_BLOCK,)), demands=(demand,)))
    assert (found.max_imports, found.fits) == (0, False)


def test_e6_several_ranchers_of_different_cost_are_counted_exactly() -> None:
    """3 namespaces per import on 2.2, 4 on 2.8; further ones go to the first Rancher."""
    old, new = (Demand(name=name, rancher_version=name, imported_clusters=10) for name in ("2.2", "2.8"))
    for demands in ((old, new), (new, old)):
        candidate = Plan(network=Network(blocks=(POD_BLOCK,)), demands=demands)
        most = assess(candidate).max_imports
        assert most is not None
        assert assess(with_imports(candidate, most)).fits
        assert not assess(with_imports(candidate, most + 1)).fits
    free = 256 - (5 + 5 + 1) - (5 + 14 + 1)
    assert assess(Plan(network=Network(blocks=(POD_BLOCK,)), demands=(old, new))).max_imports == (
        10 + (free - 40) // 3
    )


@pytest.mark.parametrize(
    ("figures", "few"), [({}, 1000), ({"rancher_version": "2.15", "imported_clusters": 7000}, 100)]
)
def test_e6_thousands_of_clusters_are_judged_in_linear_time(figures: dict[str, Any], few: int) -> None:
    def seconds(count: int) -> float:
        demands = tuple(
            Demand(name=str(number), load_balancer_services=30, **figures) for number in range(count)
        )
        start = time.process_time()
        advise(assess(Plan(network=Network(blocks=(Block(cidr="10.0.0.0/8"),)), demands=demands)))
        return time.process_time() - start

    seconds(10)
    assert seconds(8 * few) < 20 * max(seconds(few), 0.02)
