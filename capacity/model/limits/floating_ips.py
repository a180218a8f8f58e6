"""Addresses of the floating IP pools."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from capacity.model.limits.inventory import Inventory
from capacity.model.limits.kind import Advice, CountedLimit, Flag, Limit, network_advice, total_namespaces
from capacity.model.plan import Network, Plan

_PER_CLUSTER = 3
"""API, ingress, and SNAT of the nodes (docs-pks ``vsphere-nsxt-cluster-objects``)."""


class FloatingIps(CountedLimit):
    """Three per cluster, one per Service of type LoadBalancer and, with NAT, one per namespace."""

    name = "floating IPs"
    limit_figure, used_figure = "floating_ips", "floating_ips_used"
    flags = (
        Flag("floating_ips", "--floating-ips", "addresses of the floating IP pools"),
        Flag("floating_ips_used", "--floating-ips-used", "those that others use"),
    )

    def planned(self, plan: Plan) -> int:
        services = sum(demand.load_balancer_services for demand in plan.demands)
        snat = total_namespaces(plan) if plan.network.nat else 0
        return len(plan.demands) * _PER_CLUSTER + services + snat

    def takes_per_namespace(self, network: Network) -> bool:
        return network.nat

    def observe(self, network: Network, inventory: Inventory) -> Network:
        """The pools themselves give the capacity, so no configured figure is needed."""
        found = inventory.addresses()
        if found is None:
            return network
        return replace(network, floating_ips=found.total, floating_ips_used=found.others)

    def remedies(self, plan: Plan, limit: Limit) -> Iterator[Advice]:
        network = plan.network
        # The smallest capacity that holds everything beyond its own reserve, which is rounded down.
        needed = limit.used + limit.planned
        capacity = (needed - 1) * 100 // (100 - network.reserve_percent) + 1
        yield Advice(
            limit=limit.name,
            change=f"{capacity - limit.capacity} more floating IPs (a further pool in fip_pool_ids)",
            running=True,
            changed=lambda: replace(plan, network=replace(network, floating_ips=capacity)),
        )
        if network.nat:
            change = "pod_routable: true (no SNAT address per namespace)"
            yield from network_advice(plan, limit, change, replace(network, nat=False))


FLOATING_IPS = FloatingIps()
