"""Subnets of the pod IP blocks: each namespace takes at least one, in both topologies."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from capacity.model.blocks import further, further_for, rescaled
from capacity.model.limits.kind import Advice, BlockLimit, Flag, Limit, network_advice
from capacity.model.namespaces import namespace_count
from capacity.model.plan import CapacityError, Demand, Network, Plan

LONGEST_ADVISED_PREFIX = 27
"""29 pods per subnet. With fewer, ``kube-system`` and ``cattle-system`` take several subnets each, and how
many depends on the number of nodes."""


class PodSubnets(BlockLimit):
    """Source: docs-pks ``vsphere-nsxt-cluster-objects``, ``nsxt-prepare-env``, ``network-profiles-pods``."""

    name = "pod subnets"
    has_reserve = True
    blocks_figure, prefix_figure = "blocks", "subnet_prefix"
    flags = (Flag("subnet_prefix", "--prefix", "prefix of a pod subnet (default 24)"),)

    def planned(self, plan: Plan) -> int:
        return sum(namespace_count(demand) + further_subnets(plan.network, demand) for demand in plan.demands)

    def remedies(self, plan: Plan, limit: Limit) -> Iterator[Advice]:
        network = plan.network
        shared = limit.used > 0
        if shared:
            yield from self._own_block(plan, limit)
        prefix = smallest_prefix(plan)
        if prefix is not None and prefix > network.subnet_prefix:
            changed = rescaled(network, prefix)
            others = "; the other clusters are recreated with it too" if shared else ""
            change = (
                f"pod_subnet_prefix: {prefix} ({changed.pods_per_subnet} pods per subnet), the same for "
                f"every cluster on the block{others}"
            )
            yield from network_advice(plan, limit, change, changed)
        blocks = further_for(network, used=limit.used + limit.planned)
        if blocks:
            yield from network_advice(
                plan,
                limit,
                f"{len(blocks)} further pod IP block{'s' if len(blocks) > 1 else ''} of the size "
                f"/{blocks[0].prefix} in pod_ip_block_ids",
                replace(network, blocks=(*network.blocks, *blocks)),
                running=True,
            )

    def _own_block(self, plan: Plan, limit: Limit) -> Iterator[Advice]:
        """A block of its own: the other clusters keep their prefix."""
        own = replace(plan.network, blocks=further(plan.network, 1, plan.network.blocks[-1].prefix))
        # With the present prefix a further block does the same, also on a running cluster.
        prefixes = range(own.subnet_prefix + 1, LONGEST_ADVISED_PREFIX + 1) if own.blocks else ()
        if own.blocks and self.headroom(replace(plan, network=own)) >= 0:
            return
        for prefix in prefixes:
            network = replace(own, subnet_prefix=prefix)
            change = (
                f"a pod IP block of its own of the size /{network.blocks[0].prefix} with "
                f"pod_subnet_prefix: {prefix} ({network.pods_per_subnet} pods per subnet)"
            )
            found = list(network_advice(plan, limit, change, network))
            if found:
                yield found[0]
                return


POD_SUBNETS = PodSubnets()


def further_subnets(network: Network, demand: Demand) -> int:
    """Subnets that crowded namespaces take beyond their first; each comes with a segment.

    Raises:
        CapacityError: More namespaces are crowded than there are.
    """
    count = namespace_count(demand)
    if len(demand.crowded) > count:
        raise CapacityError(
            f"crowded: {len(demand.crowded)} namespaces, but cluster {demand.name} has only {count}. Correct "
            "one of the two"
        )
    return sum(max(-(-pods // network.pods_per_subnet) - 1, 0) for pods in demand.crowded)


def smallest_prefix(plan: Plan) -> int | None:
    """The shortest advisable prefix with which the plan's pod subnets fit; None when there is none."""
    shortest = max(block.prefix for block in plan.network.blocks)
    for prefix in range(shortest, LONGEST_ADVISED_PREFIX + 1):
        try:
            network = rescaled(plan.network, prefix)
        except CapacityError:  # too few subnets for the other clusters alone
            continue
        if POD_SUBNETS.headroom(replace(plan, network=network)) >= 0:
            return prefix
    return None
