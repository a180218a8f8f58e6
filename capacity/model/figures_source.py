"""Which figures a plan is judged by: live ones where NSX-T gave them, otherwise the configured ones."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date

from capacity.model.assessment import assess
from capacity.model.figures import CONFIGURED, LIVE
from capacity.model.limits import POD_SUBNETS
from capacity.model.limits.virtual_servers import CAPACITIES
from capacity.model.nsx.inventory import LoadBalancer
from capacity.model.nsx.reading import Reading
from capacity.model.plan import Plan


@dataclass(frozen=True)
class SourcedPlan:
    """The plan to judge.

    Attributes:
        plan: With what others use of the network.
        source: Where that comes from: ``configured`` or ``nsx-t``.
        notes: Its source and age, for the user.
        warnings: The same when the source is not the wanted one, and what else needs attention.
    """

    plan: Plan
    source: str
    notes: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


def choose(plan: Plan, reading: Reading | Exception | None, measured_at: str, today: date) -> SourcedPlan:
    """The figures to judge by.

    Args:
        plan: The plan with its configured figures.
        reading: What NSX-T says, why it could not be read, or None when it was not read.
        measured_at: Day (ISO 8601) of the configured figures; empty when unknown.
        today: For their age.
    """
    if isinstance(reading, Reading):
        return _live(plan, reading)
    message = f"pod network: judged by the configured figures, {_age(measured_at, today)}"
    if reading is None:
        return SourcedPlan(plan, CONFIGURED, notes=(f"{message}; NSX-T is not read",))
    return SourcedPlan(plan, CONFIGURED, warnings=(f"{message}, because NSX-T cannot be read: {reading}",))


def _live(configured: Plan, reading: Reading) -> SourcedPlan:
    plan = replace(configured, network=reading.network)
    subnets = assess(plan).limit(POD_SUBNETS.name)
    message = (
        f"pod network: judged by the live figures of NSX-T ({reading.api}): others use {subnets.used} of "
        f"{subnets.capacity} pod subnets, this cluster has {reading.own_subnets} of its {subnets.planned} "
        "planned ones"
    )
    message += "".join(map(_load_balancer, reading.load_balancers))
    if reading.skipped:
        message += f"; {reading.skipped} unreadable objects of others are skipped"
    warnings: tuple[str, ...] = ()
    if reading.own_subnets > subnets.planned:
        warnings = (
            f"pod network: the cluster has {reading.own_subnets} pod subnets, more than the "
            f"{subnets.planned} of its plan, so the policies judge too little. Raise the planned imported "
            "clusters, projects, users, applications or leaked namespaces to what exists, or delete "
            "namespaces",
        )
    return SourcedPlan(plan, LIVE, (message,), warnings)


def _load_balancer(balancer: LoadBalancer) -> str:
    limit = next((number for size, number in CAPACITIES.items() if size == balancer.size), "?")
    return f"; {balancer.size} load balancer: {balancer.virtual_servers} of {limit} virtual servers"


def _age(measured_at: str, today: date) -> str:
    if not measured_at:
        return "of unknown age"
    days = (today - date.fromisoformat(measured_at)).days
    return f"of {measured_at} ({days} day{'' if days == 1 else 's'} old)"
