"""Virtual servers of each cluster's load balancer."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from capacity.model.limits.kind import Advice, Limit, LimitKind, with_demand
from capacity.model.plan import LoadBalancerSize, Plan

CAPACITIES: dict[LoadBalancerSize, int] = {"small": 20, "medium": 100, "large": 1000}
"""Virtual servers that a load balancer of each size holds (vSphere API reference, load balancer sizes)."""

_PER_CLUSTER = 3
"""API, HTTP and HTTPS (docs-pks ``network-profiles-lb-size``)."""
_PER_SERVICE = 2
"""Of a Service of type LoadBalancer with HTTP and HTTPS. Whether NCP creates one per port or one per Service
is not documented: this is the cautious value."""


class VirtualServers(LimitKind):
    """Three per cluster and two per Service of type LoadBalancer. Only the cluster itself takes from it."""

    name = "virtual servers"

    def measure(self, plan: Plan) -> Iterator[Limit]:
        for demand in plan.demands:
            yield Limit(
                kind=self,
                name=f"{self.name} of {demand.name}",
                demand=demand,
                capacity=CAPACITIES[demand.lb_size],
                used=0,
                planned=servers_for(demand.load_balancer_services),
            )

    def remedies(self, plan: Plan, limit: Limit) -> Iterator[Advice]:
        size = smallest_size(limit.planned)
        if size is not None and limit.demand is not None:
            resized = replace(limit.demand, lb_size=size)
            yield Advice(
                limit=limit.name,
                change=f"lb_size: {size} ({CAPACITIES[size]} virtual servers)",
                running=False,
                changed=lambda: with_demand(plan, resized),
            )


VIRTUAL_SERVERS = VirtualServers()


def servers_for(services: int) -> int:
    """Virtual servers of a cluster with that many Services of type LoadBalancer."""
    return _PER_CLUSTER + _PER_SERVICE * services


def smallest_size(servers: int) -> LoadBalancerSize | None:
    """The smallest load balancer that holds so many virtual servers; None when none does."""
    return next((size for size, capacity in CAPACITIES.items() if capacity >= servers), None)
