"""The smallest changes that make a plan fit."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace

from capacity.model.assessment import Assessment
from capacity.model.limits.kind import Advice, Limit, with_demand
from capacity.model.namespaces import namespaces_per_import
from capacity.model.plan import Demand, Plan


def advise(assessment: Assessment, *, running: bool = False) -> dict[str, list[Advice]]:
    """Changes that make the plan fit, by name of the exceeded limit, the smallest first.

    Args:
        assessment: Of a plan that does not fit.
        running: Whether the cluster exists: changes that it can have come first then. Before its creation
            the change that costs no address comes first.
    """
    plan = assessment.plan
    most = max(plan.demands, key=lambda demand: demand.imported_clusters, default=None)
    several = sum(demand.imported_clusters > 0 for demand in plan.demands) > 1
    found = {
        limit.name: [
            *limit.kind.remedies(plan, limit),
            *_fewer_imports(plan, limit, limit.demand or most, several=several),
        ]
        for limit in assessment.exceeded
    }
    if running:
        for remedies in found.values():
            remedies.sort(key=lambda advice: not advice.running)
    return found


def warning(assessment: Assessment, gate: str) -> str:
    """Warning for a plan that exceeds its network; empty when it fits.

    Args:
        assessment: With what others use.
        gate: Command that refuses such a plan.
    """
    exceeded = [
        f"{limit.name}: {limit.planned} planned, {limit.used} used by others, {limit.reserve} in reserve, "
        f"{limit.capacity} in all"
        for limit in assessment.exceeded
    ]
    if not exceeded:
        return ""
    refusal = f"`{gate}` refuses it and shows" if gate else "The policies refuse it and show"
    return (
        f"pod network: the plan does not fit ({'; '.join(exceeded)}). Nothing here stops it. {refusal} what "
        "would make it fit"
    )


def _fewer_imports(plan: Plan, limit: Limit, most: Demand | None, *, several: bool) -> Iterator[Advice]:
    """Fewer imported clusters on the Rancher whose limit it is, otherwise on the one that imports most."""
    if most is None or not most.imported_clusters or not limit.per_import:
        return
    cost = limit.per_import if limit.demand else namespaces_per_import(most)
    fewer = most.imported_clusters + math.floor(limit.free / cost)
    if fewer >= 0:
        yield Advice(
            limit=limit.name,
            change=f"{fewer} imported clusters instead of {most.imported_clusters}"
            + (f" on {most.name}" if several else ""),
            running=True,
            changed=lambda: with_demand(plan, replace(most, imported_clusters=fewer)),
        )
