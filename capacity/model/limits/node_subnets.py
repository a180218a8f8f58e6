"""Subnets of the node IP blocks: one per cluster."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from capacity.model.blocks import further
from capacity.model.limits.kind import Advice, BlockLimit, Flag, Limit, network_advice
from capacity.model.plan import Plan


class NodeSubnets(BlockLimit):
    """Source: docs-pks ``vsphere-nsxt-cluster-objects``."""

    name = "node subnets"
    blocks_figure, prefix_figure = "node_blocks", "node_subnet_prefix"
    flags = (Flag("node_subnet_prefix", "--node-prefix", "prefix of a node subnet (default 24)"),)

    def planned(self, plan: Plan) -> int:
        return len(plan.demands)

    def remedies(self, plan: Plan, limit: Limit) -> Iterator[Advice]:
        network = plan.network
        last = network.node_blocks[-1]
        count = -(limit.headroom // last.subnets(network.node_subnet_prefix))
        more = further(network, count, last.prefix)
        if len(more) == count:
            change = f"{count} further node IP block{'s' if count > 1 else ''} of the size /{last.prefix} in "
            yield from network_advice(
                plan,
                limit,
                f"{change}node_ip_block_ids (TKGI 1.16 and later)",
                replace(network, node_blocks=(*network.node_blocks, *more)),
                running=True,
            )


NODE_SUBNETS = NodeSubnets()
