"""Namespaces of a cluster: its own, Rancher's, and those of imported clusters, projects and users."""

from __future__ import annotations

from dataclasses import replace

from capacity.model.plan import CapacityError, Demand, Plan
from domain.rancher_namespaces import NO_RANCHER, Namespaces
from domain.rancher_releases import release


def namespace_count(demand: Demand) -> int:
    """Namespaces of a cluster once its whole plan is deployed.

    Raises:
        CapacityError: The Rancher version is unknown.
    """
    created = _created(demand)
    return (
        demand.own_namespaces
        + created.fixed
        + demand.imported_clusters * namespaces_per_import(demand)
        + (0 if demand.rancher_version is None else demand.projects + demand.users)
        + demand.applications
        + demand.leaked
    )


def namespaces_per_import(demand: Demand) -> int:
    """Namespaces that one more imported cluster takes; 0 without Rancher."""
    created = _created(demand)
    return created.registered + (created.connected if demand.connected else 0)


def importer(plan: Plan) -> Demand | None:
    """The cluster that further imported clusters go to: the plan's first with Rancher."""
    return next((demand for demand in plan.demands if demand.rancher_version is not None), None)


def imported(plan: Plan) -> int:
    """Imported clusters of the plan."""
    return sum(demand.imported_clusters for demand in plan.demands)


def with_imports(plan: Plan, count: int) -> Plan:
    """The plan with that many imported clusters in all.

    Those added go to the first Rancher. Those removed are taken from the first Rancher, then from the next.

    Raises:
        CapacityError: No cluster has Rancher.
    """
    first = importer(plan)
    if first is None:
        raise CapacityError("rancherVersion: not set for any cluster. Name the Rancher that imports")
    difference = count - imported(plan)
    demands = []
    for demand in plan.demands:
        if demand.rancher_version is None:
            demands.append(demand)
            continue
        change = difference if difference < 0 or demand is first else 0
        change = max(change, -demand.imported_clusters)
        difference -= change
        demands.append(replace(demand, imported_clusters=demand.imported_clusters + change))
    return replace(plan, demands=tuple(demands))


def imports_that_free(plan: Plan, missing: int) -> int | None:
    """How many imported clusters must go, in the order of ``with_imports``, to free that many namespaces.

    None: too few are planned.
    """
    count = 0
    for demand in plan.demands:
        cost = namespaces_per_import(demand)
        if cost and missing > 0:
            removed = min(-(-missing // cost), demand.imported_clusters)
            count, missing = count + removed, missing - removed * cost
    return count if missing <= 0 else None


def _created(demand: Demand) -> Namespaces:
    if demand.rancher_version is None:
        return NO_RANCHER
    try:
        return release(demand.rancher_version).namespaces
    except ValueError as error:
        raise CapacityError(f"rancherVersion: {error}") from None
