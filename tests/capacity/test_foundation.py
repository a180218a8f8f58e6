"""The model against a foundation that is built namespace by namespace until something runs out."""

from __future__ import annotations

import ipaddress
import itertools

from hypothesis import given, settings
from hypothesis import strategies as st

from capacity.model import limits
from capacity.model.assessment import assess
from capacity.model.namespaces import with_imports
from capacity.model.plan import Block, Demand, Network, Plan

POD_SUBNETS, FLOATING_IPS = limits.POD_SUBNETS.name, limits.FLOATING_IPS.name
TIER1_ROUTERS, SEGMENTS = limits.TIER1_ROUTERS.name, limits.SEGMENTS.name
_OWN = (5 + 14 + 1, 5 + 2)
"""Namespaces of the two clusters: Rancher 2.8 with one user; none, with two applications."""


class _Foundation:
    """NSX-T by counting: real subnets cut from real blocks, in order, and pools that run dry."""

    def __init__(self, network: Network) -> None:
        self._network = network
        self._subnets = [
            (number, subnet)
            for number, block in enumerate(network.blocks)
            for subnet in itertools.islice(
                ipaddress.IPv4Network(block.cidr).subnets(new_prefix=network.subnet_prefix),
                block.subnets_used,
                None,
            )
        ]
        self._pools = {
            FLOATING_IPS: _left(network.floating_ips, network.floating_ips_used),
            TIER1_ROUTERS: _left(network.tier1_limit, network.tier1_used),
            SEGMENTS: _left(network.segment_limit, network.segments_used),
        }
        self.missing: set[str] = set()
        self.taken = [block.subnets_used for block in network.blocks]

    def cluster(self, services: int) -> None:
        self._take(FLOATING_IPS, 3 + services)
        self._take(SEGMENTS, 2)
        self._take(TIER1_ROUTERS, 2 if self._network.topology == "dedicated" else 1)

    def namespace(self, pods: int = 0) -> None:
        self._take(SEGMENTS, 1)
        self._take(FLOATING_IPS, 1 if self._network.nat else 0)
        self._take(TIER1_ROUTERS, 1 if self._network.topology == "dedicated" else 0)
        addresses = 0
        while addresses < max(pods, 1):
            if not self._subnets:
                self.missing.add(POD_SUBNETS)
                return
            number, subnet = self._subnets.pop(0)
            self.taken[number] += 1
            if addresses:  # a further subnet is on a segment of its own
                self._take(SEGMENTS, 1)
            addresses += subnet.num_addresses - 3

    def _take(self, name: str, count: int) -> None:
        left = self._pools[name]
        if left is not None:
            self._pools[name] = left - count
            if left < count:
                self.missing.add(name)


def _left(limit: int | None, used: int) -> int | None:
    return None if limit is None else limit - used


def _built(candidate: Plan, imports: int) -> _Foundation:
    """The clusters as they come up, namespace after namespace, then the imports."""
    foundation = _Foundation(candidate.network)
    for own, demand in zip(_OWN, candidate.demands, strict=True):
        foundation.cluster(demand.load_balancer_services)
        for pods in [*demand.crowded, *([0] * own)][:own]:
            foundation.namespace(pods)
    first = candidate.demands[0]
    for _ in range(imports):
        for _name in ("cluster", "Default", "System", "fleet")[: 4 if first.connected else 3]:
            foundation.namespace()
    return foundation


LIMIT = st.none() | st.integers(30, 120)


@st.composite
def small_plans(draw: st.DrawFn) -> Plan:
    """Two blocks of at most 64 and 16 subnets with thirteen pods each; a Rancher and a cluster beside it."""
    prefix = draw(st.integers(24, 26))
    network = Network(
        blocks=(
            Block(cidr=f"10.0.0.0/{prefix - 2}", subnets_used=draw(st.integers(0, 8))),
            Block(cidr=f"10.1.0.0/{prefix}"),
        ),
        subnet_prefix=28,
        topology=draw(st.sampled_from(["dedicated", "shared"])),
        nat=draw(st.booleans()),
        floating_ips=draw(LIMIT),
        floating_ips_used=draw(st.integers(0, 20)),
        tier1_limit=draw(LIMIT),
        tier1_used=draw(st.integers(0, 20)),
        segment_limit=draw(LIMIT),
        segments_used=draw(st.integers(0, 20)),
    )
    pods = tuple(draw(st.lists(st.integers(0, 40), max_size=4)))
    rancher = Demand(name="rancher", rancher_version="2.8", connected=draw(st.booleans()), crowded=pods)
    return Plan(network=network, demands=(rancher, Demand(name="beside", applications=2)))


@settings(max_examples=60)
@given(small_plans())
def test_the_same_things_run_out_at_the_same_imported_cluster(candidate: Plan) -> None:
    alone = assess(candidate)
    number = alone.first_exhausted_at
    assert number is not None
    for imports in range(12):
        found = assess(with_imports(candidate, imports))
        built = _built(candidate, imports)
        assert {limit.name for limit in found.exceeded} == built.missing
        assert bool(built.missing) == (imports >= number)
        if POD_SUBNETS not in built.missing:
            assert found.block_use == tuple(built.taken)
