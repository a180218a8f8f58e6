"""What a plan asks of each limit, and which it hits first."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from capacity.model.plan import VIRTUAL_SERVERS, CapacityError, Demand, Network, Plan
from domain.rancher_namespaces import NO_RANCHER, Namespaces
from domain.rancher_releases import release

_CLUSTER_ADDRESSES = 3
"""Floating IPs of a cluster: API VIP, ingress VIP, SNAT of the nodes."""
_CLUSTER_SWITCHES = 2
"""Segments of a cluster, and its Tier-1 routers in the dedicated topology: nodes and load balancer."""
_CLUSTER_VIRTUAL_SERVERS = 3
"""Of a cluster: its API, HTTP and HTTPS (docs-pks ``network-profiles-lb-size``)."""
_SERVICE_VIRTUAL_SERVERS = 2
"""Of a Service of type LoadBalancer with HTTP and HTTPS. Whether NCP makes one a port or one a Service is not
documented: this is the cautious value."""


@dataclass(frozen=True, kw_only=True)
class Limit:
    """One thing that can run out.

    Attributes:
        name: What it is.
        capacity: How many there are.
        used: How many others have taken.
        planned: How many the plan's clusters take, once all of the plan is there.
        per_import: How many each further imported cluster takes.
        reserve: How many have to stay free.
    """

    name: str
    capacity: int
    used: int
    planned: int
    per_import: int
    reserve: int = 0

    @property
    def headroom(self) -> int:
        """How many remain beyond the reserve; negative: how many are missing."""
        return self.capacity - self.reserve - self.used - self.planned

    @property
    def utilisation(self) -> float:
        """Share of the capacity that is taken once the plan is there."""
        return (self.used + self.planned) / self.capacity if self.capacity else float(self.planned > 0)

    def imports_left(self) -> int | None:
        """Imported clusters that fit beyond the plan; negative: that many are too many. None: no end."""
        return self.headroom // self.per_import if self.per_import else None


@dataclass(frozen=True, kw_only=True)
class Assessment:
    """The answer for a plan. ``unknown`` names limits that nobody gave a figure for."""

    plan: Plan
    limits: tuple[Limit, ...]
    unknown: tuple[str, ...]

    @property
    def exceeded(self) -> tuple[Limit, ...]:
        """The limits that the plan does not fit."""
        return tuple(limit for limit in self.limits if limit.headroom < 0)

    @property
    def fits(self) -> bool:
        """Whether everything fits."""
        return not self.exceeded

    @property
    def imported_clusters(self) -> int:
        """Imported clusters of the plan."""
        return sum(demand.imported_clusters for demand in self.plan.demands)

    @property
    def first_limit(self) -> Limit | None:
        """The limit that further imported clusters hit first; None when they hit none."""
        bounded = [limit for limit in self.limits if limit.per_import]
        return min(bounded, key=lambda limit: limit.headroom // limit.per_import, default=None)

    @property
    def first_exhausted_at(self) -> int | None:
        """Number of the imported cluster that runs out of the first limit.

        0: the clusters run out without any import. None: no limit that is known.
        """
        first = self.first_limit
        if first is None:
            return None
        return max(self.imported_clusters + first.headroom // first.per_import + 1, 0)

    @property
    def max_imports(self) -> int | None:
        """Imported clusters that fit in all: 0 when not even one does. None: no limit that is known."""
        number = self.first_exhausted_at
        return None if number is None else max(number - 1, 0)

    @property
    def block_use(self) -> tuple[int, ...]:
        """Subnets of each pod block that are taken once the plan is there: the first is filled first."""
        left = self.limit(POD_SUBNETS).planned
        found: list[int] = []
        for block in self.plan.network.blocks:
            free = block.subnets(self.plan.network.subnet_prefix) - block.subnets_used
            found.append(block.subnets_used + min(left, free))
            left -= min(left, free)
        return tuple(found)

    def limit(self, name: str) -> Limit:
        """The limit of that name."""
        return next(limit for limit in self.limits if limit.name == name)


POD_SUBNETS = "pod subnets"
FLOATING_IPS = "floating IPs"
TIER1_ROUTERS = "Tier-1 routers"
SEGMENTS = "segments"
NODE_SUBNETS = "node subnets"


def virtual_servers(cluster: str) -> str:
    """Name of the limit of a cluster's load balancer."""
    return f"virtual servers of {cluster}"


def assess(plan: Plan) -> Assessment:
    """Set a plan against every limit of its network.

    Raises:
        CapacityError: An unknown Rancher version, or more crowded namespaces than there are.
    """
    network = plan.network
    limits = tuple(_reserved(limit, network.reserve_percent) for limit in _limits(plan))
    given = {
        FLOATING_IPS: network.floating_ips,
        TIER1_ROUTERS: network.tier1_limit,
        SEGMENTS: network.segment_limit,
        NODE_SUBNETS: network.node_blocks or None,
    }
    return Assessment(
        plan=plan, limits=limits, unknown=tuple(name for name, figure in given.items() if figure is None)
    )


def namespace_count(demand: Demand) -> int:
    """Namespaces of a cluster once its whole plan is there.

    Raises:
        CapacityError: A Rancher version that the table does not know.
    """
    made = _made(demand)
    return (
        demand.own_namespaces
        + made.fixed
        + demand.imported_clusters * namespaces_an_import(demand)
        + (0 if demand.rancher_version is None else demand.projects + demand.users)
        + demand.applications
        + demand.leaked
    )


def namespaces_an_import(demand: Demand) -> int:
    """Namespaces that one more imported cluster costs."""
    made = _made(demand)
    return made.registered + (made.connected if demand.connected else 0)


def with_imports(plan: Plan, count: int) -> Plan:
    """The plan with that many imported clusters on its first cluster with Rancher.

    Raises:
        CapacityError: No cluster has Rancher.
    """
    importer = next((demand for demand in plan.demands if demand.rancher_version is not None), None)
    if importer is None:
        raise CapacityError("rancherVersion is not set for any cluster; name the Rancher that imports")
    changed = replace(importer, imported_clusters=count)
    return replace(plan, demands=tuple(changed if demand is importer else demand for demand in plan.demands))


def _made(demand: Demand) -> Namespaces:
    if demand.rancher_version is None:
        return NO_RANCHER
    try:
        return release(demand.rancher_version).namespaces
    except ValueError as error:
        raise CapacityError(f"rancherVersion {demand.rancher_version}: {error}") from None


def _pod_subnets(network: Network, demand: Demand) -> int:
    count = namespace_count(demand)
    if len(demand.crowded) > count:
        raise CapacityError(
            f"crowded names {len(demand.crowded)} namespaces, but {demand.name} has only {count}; "
            "correct either"
        )
    return count + sum(max(-(-pods // network.pods_a_subnet) - 1, 0) for pods in demand.crowded)


def _reserved(limit: Limit, percent: int) -> Limit:
    """With its reserve, if namespaces take from it: others do not grow in the background."""
    grows = limit.name in {POD_SUBNETS, FLOATING_IPS, TIER1_ROUTERS, SEGMENTS}
    return replace(limit, reserve=limit.capacity * percent // 100) if grows else limit


def _limits(plan: Plan) -> Iterator[Limit]:
    network, demands = plan.network, plan.demands
    total = sum(namespace_count(demand) for demand in demands)
    cost = max((namespaces_an_import(demand) for demand in demands), default=0)
    yield Limit(
        name=POD_SUBNETS,
        capacity=sum(block.subnets(network.subnet_prefix) for block in network.blocks),
        used=sum(block.subnets_used for block in network.blocks),
        planned=sum(_pod_subnets(network, demand) for demand in demands),
        per_import=cost,
    )
    if network.floating_ips is not None:
        services = sum(demand.load_balancer_services for demand in demands)
        yield Limit(
            name=FLOATING_IPS,
            capacity=network.floating_ips,
            used=network.floating_ips_used,
            planned=len(demands) * _CLUSTER_ADDRESSES + services + (total if network.nat else 0),
            per_import=cost if network.nat else 0,
        )
    dedicated = network.topology == "dedicated"
    if network.tier1_limit is not None:
        yield Limit(
            name=TIER1_ROUTERS,
            capacity=network.tier1_limit,
            used=network.tier1_used,
            planned=len(demands) * _CLUSTER_SWITCHES + total if dedicated else len(demands),
            per_import=cost if dedicated else 0,
        )
    if network.segment_limit is not None:
        yield Limit(
            name=SEGMENTS,
            capacity=network.segment_limit,
            used=network.segments_used,
            planned=len(demands) * _CLUSTER_SWITCHES + total,
            per_import=cost,
        )
    for demand in demands:
        yield Limit(
            name=virtual_servers(demand.name),
            capacity=VIRTUAL_SERVERS[demand.lb_size],
            used=0,
            planned=_CLUSTER_VIRTUAL_SERVERS + _SERVICE_VIRTUAL_SERVERS * demand.load_balancer_services,
            per_import=0,
        )
    if network.node_blocks:
        yield Limit(
            name=NODE_SUBNETS,
            capacity=sum(block.subnets(network.node_subnet_prefix) for block in network.node_blocks),
            used=sum(block.subnets_used for block in network.node_blocks),
            planned=len(demands),
            per_import=0,
        )
