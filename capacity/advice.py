"""The smallest changes that make a plan fit, each tried on the model."""

from __future__ import annotations

import ipaddress
import itertools
import math
from collections.abc import Iterator
from dataclasses import dataclass, replace

from capacity.assessment import (
    FLOATING_IPS,
    NODE_SUBNETS,
    POD_SUBNETS,
    SEGMENTS,
    TIER1_ROUTERS,
    Assessment,
    Limit,
    assess,
    with_imports,
)
from capacity.model import SMALLEST_SUBNET, VIRTUAL_SERVERS, Block, Demand, Network, Plan


@dataclass(frozen=True, kw_only=True)
class Advice:
    """A change that lifts one limit far enough for the plan.

    Attributes:
        limit: The limit that it lifts.
        change: The change in words.
        running: Whether a running cluster can have it; otherwise it needs a new cluster.
        plan: The plan with the change.
    """

    limit: str
    change: str
    running: bool
    plan: Plan

    def __str__(self) -> str:
        where = "also on a running cluster" if self.running else "only with a new cluster"
        return f"{self.change} ({where})"


def advise(assessment: Assessment, *, running: bool = False) -> tuple[Advice, ...]:
    """Changes that make the plan fit, for each exceeded limit the smallest first.

    Args:
        assessment: Of a plan that does not fit.
        running: Whether the cluster exists: changes that it can have come first then, while before its
            creation the one that costs no address comes first.
    """
    found = [advice for limit in assessment.exceeded for advice in _for(assessment.plan, limit)]
    if running:
        found.sort(key=lambda advice: not advice.running)
    return tuple(advice for advice in found if assess(advice.plan).limit(advice.limit).headroom >= 0)


def smallest_prefix(plan: Plan) -> int | None:
    """The shortest pod subnet prefix with which the plan's pod subnets fit; None when none does."""
    for prefix in range(max(block.prefix for block in plan.network.blocks), SMALLEST_SUBNET + 1):
        if _holds(replace(plan, network=rescaled(plan.network, prefix))):
            return prefix
    return None


def _for(plan: Plan, limit: Limit) -> Iterator[Advice]:
    if limit.name == POD_SUBNETS:
        yield from _pod_subnets(plan, limit)
    elif limit.name == FLOATING_IPS:
        yield from _floating_ips(plan, limit)
    elif limit.name == TIER1_ROUTERS and plan.network.topology == "dedicated":
        changed = replace(plan.network, topology="shared")
        yield _advice(plan, limit, "single_tier_topology: true (one Tier-1 router a cluster)", changed)
    elif limit.name not in {TIER1_ROUTERS, SEGMENTS, NODE_SUBNETS}:
        yield from _larger_load_balancer(plan, limit)
    yield from _fewer_imports(plan, limit)


def _pod_subnets(plan: Plan, limit: Limit) -> Iterator[Advice]:
    network = plan.network
    prefix = smallest_prefix(plan)
    if prefix is not None and prefix > network.subnet_prefix:
        changed = rescaled(network, prefix)
        text = (
            f"pod_subnet_prefix: {prefix} ({changed.pods_a_subnet} pods a subnet), the same for every "
            "cluster on the block"
        )
        yield _advice(plan, limit, text, changed)
    last = network.blocks[-1]
    gained = last.subnets(network.subnet_prefix) * (100 - network.reserve_percent)
    count = math.ceil(-limit.headroom * 100 / gained)
    while not _holds(larger := _with_blocks(plan, count)):  # the reserve is rounded
        count += 1
    yield Advice(
        limit=limit.name,
        change=f"{count} further pod IP block{'s' if count > 1 else ''} of the size /{last.prefix} "
        "in pod_ip_block_ids",
        running=True,
        plan=larger,
    )


def _floating_ips(plan: Plan, limit: Limit) -> Iterator[Advice]:
    network = plan.network
    missing = -limit.headroom
    yield Advice(
        limit=limit.name,
        change=f"{missing} more floating IPs (a further pool in fip_pool_ids)",
        running=True,
        plan=replace(plan, network=replace(network, floating_ips=limit.capacity + missing)),
    )
    if network.nat:
        changed = replace(network, nat=False)
        yield _advice(plan, limit, "pod_routable: true (no SNAT address for a namespace)", changed)


def _larger_load_balancer(plan: Plan, limit: Limit) -> Iterator[Advice]:
    for size, holds in VIRTUAL_SERVERS.items():
        if holds >= limit.planned:
            demands = tuple(
                replace(demand, lb_size=size) if limit.name.endswith(f" of {demand.name}") else demand
                for demand in plan.demands
            )
            yield Advice(
                limit=limit.name,
                change=f"lb_size: {size} ({holds} virtual servers)",
                running=False,
                plan=replace(plan, demands=demands),
            )
            return


def _fewer_imports(plan: Plan, limit: Limit) -> Iterator[Advice]:
    wanted = next((demand.imported_clusters for demand in plan.demands if _imports(demand)), 0)
    left = limit.imports_left()
    if left is not None and wanted + left >= 0 and wanted:
        fewer = wanted + left
        yield Advice(
            limit=limit.name,
            change=f"{fewer} imported clusters instead of {wanted}",
            running=True,
            plan=with_imports(plan, fewer),
        )


def _imports(demand: Demand) -> bool:
    return demand.rancher_version is not None


def _advice(plan: Plan, limit: Limit, change: str, network: Network) -> Advice:
    return Advice(limit=limit.name, change=change, running=False, plan=replace(plan, network=network))


def rescaled(network: Network, prefix: int) -> Network:
    """The network with pod subnets of another prefix; used subnets are counted in it, rounded up."""
    shift = prefix - network.subnet_prefix
    blocks = tuple(
        replace(
            block,
            subnets_used=block.subnets_used << shift if shift >= 0 else -(-block.subnets_used >> -shift),
        )
        for block in network.blocks
    )
    return replace(network, subnet_prefix=prefix, blocks=blocks)


def _holds(plan: Plan) -> bool:
    return assess(plan).limit(POD_SUBNETS).headroom >= 0


def _with_blocks(plan: Plan, count: int) -> Plan:
    """The plan with further blocks of the last one's size."""
    network = plan.network
    return replace(plan, network=replace(network, blocks=(*network.blocks, *_further(network, count))))


def _further(network: Network, count: int) -> tuple[Block, ...]:
    """Blocks of the last one's size that overlap none of the network's."""
    taken = [ipaddress.ip_network(block.cidr) for block in (*network.blocks, *network.node_blocks)]
    everything = ipaddress.IPv4Network("0.0.0.0/0")
    free = (
        candidate
        for candidate in everything.subnets(new_prefix=network.blocks[-1].prefix)
        if not any(candidate.overlaps(other) for other in taken)
    )
    return tuple(Block(cidr=str(candidate)) for candidate in itertools.islice(free, count))
