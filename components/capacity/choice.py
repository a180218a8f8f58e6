"""Which figures a plan is judged with: live ones where NSX-T gave them, the configured ones otherwise."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date

from capacity.model.assessment import POD_SUBNETS, assess
from capacity.model.plan import VIRTUAL_SERVERS, Plan
from components.capacity.nsx import NsxError, Reading

CONFIGURED, LIVE = "configured", "nsx-t"


@dataclass(frozen=True)
class Choice:
    """The plan to be judged.

    Attributes:
        plan: With what others use of the network.
        source: Where that is from: ``configured`` or ``nsx-t``.
        notes: Tell the user so, and how old it is.
        warnings: The same when it is not as asked for, and what else the user should look after.
    """

    plan: Plan
    source: str
    notes: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


def choose(plan: Plan, found: Reading | NsxError | None, measured_at: str, today: date) -> Choice:
    """The figures to judge with.

    Args:
        plan: The plan with its configured figures.
        found: What NSX-T said, why it said nothing, or None when it was not asked.
        measured_at: Day (ISO 8601) on which the configured figures were right; empty when not told.
        today: For their age.
    """
    if isinstance(found, Reading):
        return _live(plan, found)
    told = f"pod network: judged with the configured figures, {_age(measured_at, today)}"
    if found is None:
        return Choice(plan, CONFIGURED, notes=(f"{told}; NSX-T is not read",))
    return Choice(plan, CONFIGURED, warnings=(f"{told}, since NSX-T could not be read: {found}",))


def _live(configured: Plan, found: Reading) -> Choice:
    plan = replace(configured, network=found.network)
    subnets = assess(plan).limit(POD_SUBNETS)
    message = (
        f"pod network: judged with the live figures of NSX-T: others use {subnets.used} of "
        f"{subnets.capacity} pod subnets, this cluster has {found.own_subnets} of the {subnets.planned} "
        "that it plans"
    )
    for balancer in found.load_balancers:
        limit = next((number for size, number in VIRTUAL_SERVERS.items() if size == balancer.size), "?")
        message += f"; {balancer.size} load balancer: {balancer.virtual_servers} of {limit} virtual servers"
    warnings = []
    if found.own_subnets > subnets.planned:
        warnings.append(
            f"pod network: the cluster has {found.own_subnets} pod subnets, more than the "
            f"{subnets.planned} of its plan, so that the policies judge too little; raise "
            "plannedImportedClusters, plannedProjects, plannedUsers, plannedApplications or "
            "leakedNamespaces to what is there, or delete namespaces"
        )
    return Choice(plan, LIVE, (message,), tuple(warnings))


def _age(measured_at: str, today: date) -> str:
    if not measured_at:
        return "of unknown age (set podNetworkMeasuredAt)"
    days = (today - date.fromisoformat(measured_at)).days
    return f"of {measured_at} ({days} day{'' if days == 1 else 's'} old)"
