"""Tier-1 routers. What NSX-T allows depends on its version and edges: no figure, no judgement."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from capacity.model.limits.inventory import Inventory, Use
from capacity.model.limits.kind import Advice, CountedLimit, Flag, Limit, network_advice, total_namespaces
from capacity.model.plan import Network, Plan

_PER_DEDICATED_CLUSTER = 2
"""Nodes and load balancer (docs-pks 1.5 ``vsphere-nsxt-cluster-objects``)."""


class Tier1Routers(CountedLimit):
    """Dedicated topology: two per cluster and one per namespace. Shared: one per cluster."""

    name = "Tier-1 routers"
    limit_figure, used_figure = "tier1_limit", "tier1_used"
    flags = (
        Flag("tier1_limit", "--tier1-limit", "Tier-1 routers that NSX-T allows"),
        Flag("tier1_used", "--tier1-used", "those of others"),
    )

    def planned(self, plan: Plan) -> int:
        if plan.network.topology == "shared":
            return len(plan.demands)
        return len(plan.demands) * _PER_DEDICATED_CLUSTER + total_namespaces(plan)

    def takes_per_namespace(self, network: Network) -> bool:
        return network.topology == "dedicated"

    def count(self, inventory: Inventory) -> Use:
        return inventory.tier1_routers()

    def remedies(self, plan: Plan, limit: Limit) -> Iterator[Advice]:
        if plan.network.topology == "dedicated":
            change = "single_tier_topology: true (one Tier-1 router per cluster)"
            yield from network_advice(plan, limit, change, replace(plan.network, topology="shared"))


TIER1_ROUTERS = Tier1Routers()
