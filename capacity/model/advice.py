"""The smallest changes that make a plan fit, each tried on the model."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from capacity.model.assessment import (
    FLOATING_IPS,
    NODE_SUBNETS,
    POD_SUBNETS,
    SEGMENTS,
    TIER1_ROUTERS,
    Assessment,
    Limit,
    assess,
    namespaces_an_import,
    virtual_servers,
)
from capacity.model.blocks import further, further_for, rescaled
from capacity.model.plan import SMALLEST_SUBNET, VIRTUAL_SERVERS, Network, Plan


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
    elif limit.name == NODE_SUBNETS:
        yield from _node_subnets(plan, limit)
    elif limit.name not in {TIER1_ROUTERS, SEGMENTS}:
        yield from _larger_load_balancer(plan, limit)
    yield from _fewer_imports(plan, limit)


def _pod_subnets(plan: Plan, limit: Limit) -> Iterator[Advice]:
    network = plan.network
    shared = limit.used > 0
    if shared:
        yield from _own_block(plan, limit)
    prefix = smallest_prefix(plan)
    if prefix is not None and prefix > network.subnet_prefix:
        changed = rescaled(network, prefix)
        others = ", those of others made anew with it" if shared else ""
        text = (
            f"pod_subnet_prefix: {prefix} ({changed.pods_a_subnet} pods a subnet), the same for every "
            f"cluster on the block{others}"
        )
        yield _advice(plan, limit, text, changed)
    blocks = further_for(network, used=limit.used + limit.planned)
    if blocks:
        yield Advice(
            limit=limit.name,
            change=f"{len(blocks)} further pod IP block{'s' if len(blocks) > 1 else ''} of the size "
            f"/{blocks[0].prefix} in pod_ip_block_ids",
            running=True,
            plan=replace(plan, network=replace(network, blocks=(*network.blocks, *blocks))),
        )


def _own_block(plan: Plan, limit: Limit) -> Iterator[Advice]:
    """A block that nobody else uses leaves the others their prefix."""
    own = replace(plan.network, blocks=further(plan.network, 1, plan.network.blocks[-1].prefix))
    for prefix in range(own.subnet_prefix, SMALLEST_SUBNET + 1) if own.blocks else ():
        network = replace(own, subnet_prefix=prefix)
        if _holds(replace(plan, network=network)):
            text = (
                f"a pod IP block of its own of the size /{network.blocks[0].prefix} with "
                f"pod_subnet_prefix: {prefix} ({network.pods_a_subnet} pods a subnet)"
            )
            if prefix > own.subnet_prefix:  # else a further block does it, also on a running cluster
                yield _advice(plan, limit, text, network)
            return


def _node_subnets(plan: Plan, limit: Limit) -> Iterator[Advice]:
    network = plan.network
    last = network.node_blocks[-1]
    count = -(limit.headroom // last.subnets(network.node_subnet_prefix))
    more = further(network, count, last.prefix)
    if len(more) < count:
        return
    yield Advice(
        limit=limit.name,
        change=f"{count} further node IP block{'s' if count > 1 else ''} of the size /{last.prefix} in "
        "node_ip_block_ids (TKGI 1.16 and later)",
        running=True,
        plan=replace(plan, network=replace(network, node_blocks=(*network.node_blocks, *more))),
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
                replace(demand, lb_size=size) if limit.name == virtual_servers(demand.name) else demand
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
    """Taken from the Rancher that imports most."""
    most = max(plan.demands, key=lambda demand: demand.imported_clusters, default=None)
    if most is None or not most.imported_clusters or not limit.per_import:
        return
    fewer = most.imported_clusters + limit.headroom // namespaces_an_import(most)
    if fewer >= 0:
        several = sum(demand.imported_clusters > 0 for demand in plan.demands) > 1
        yield Advice(
            limit=limit.name,
            change=f"{fewer} imported clusters instead of {most.imported_clusters}"
            + (f" on {most.name}" if several else ""),
            running=True,
            plan=replace(
                plan,
                demands=tuple(
                    replace(demand, imported_clusters=fewer) if demand is most else demand
                    for demand in plan.demands
                ),
            ),
        )


def _advice(plan: Plan, limit: Limit, change: str, network: Network) -> Advice:
    return Advice(limit=limit.name, change=change, running=False, plan=replace(plan, network=network))


def _holds(plan: Plan) -> bool:
    return assess(plan).limit(POD_SUBNETS).headroom >= 0
