"""The sprawl brake's verdict: when imports stop, and when they may go on. Pure.

CEL, the language of admission policies, cannot count. So the verdict is reached here, from what Rancher's
cluster takes now, and the admission policy reads it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal, Self

from capacity.model.assessment import assess
from capacity.model.namespaces import importer, namespace_count
from capacity.model.plan import CapacityError, Plan

Mode = Literal["open", "fleet-only", "closed"]
"""Who may add clusters. ``fleet-only`` is the normal one: the fleet counts before it imports. ``closed``:
nobody. ``open``, everybody whose role allows it, is never the result of counting: an operator may set it by
hand."""

_STEP = 10
"""A verdict is worded again when the use has moved by that many percent: its texts are part of the state, and
must not change with every namespace."""


@dataclass(frozen=True, kw_only=True)
class Live:
    """What Rancher's own cluster has now.

    Attributes:
        namespaces: Namespaces.
        clusters: Clusters in Rancher besides ``local``.
        projects: Projects besides Default and System.
        preferences: Users with a namespace of their own: they have saved a preference.
    """

    namespaces: int
    clusters: int
    projects: int
    preferences: int


@dataclass(frozen=True, kw_only=True)
class Use:
    """The scarcest limit of a pod network.

    Attributes:
        limit: Its name.
        taken: How many are taken, of others too.
        capacity: How many there are.
        day: When it was counted, ISO 8601.
    """

    limit: str
    taken: int
    capacity: int
    day: str

    @property
    def percent(self) -> float:
        """Share that is taken."""
        return 100 * self.taken / self.capacity if self.capacity else 100.0

    @property
    def left(self) -> str:
        """What is left, in words."""
        return f"{max(self.capacity - self.taken, 0)} of {self.capacity} {self.limit} were left at {self.day}"


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """The state of the brake.

    Attributes:
        mode: Who may add clusters.
        since: Since when, ISO 8601.
        reason: Why.
        headroom: What was left when it was last worded.
        percent: Share of the scarcest limit that was taken then.
    """

    mode: Mode
    since: str
    reason: str
    headroom: str
    percent: float

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> Self | None:
        """The verdict in a stack's output; None when it has none."""
        if document.get("mode") not in {"fleet-only", "closed"}:
            return None
        texts = {name: str(document.get(name) or "") for name in ("since", "reason", "headroom")}
        return cls(mode=document["mode"], percent=float(document.get("percent") or 0), **texts)


def scarcest(plan: Plan, live: Live, day: str) -> Use:
    """The limit that further imports or projects hit first, as far as it is taken now.

    Args:
        plan: The plan for the pod network; its first Rancher is the one that was counted.
        live: What was counted.
        day: When, ISO 8601.

    Raises:
        CapacityError: The plan has no Rancher, or one of an unknown version.
    """
    first = importer(plan)
    if first is None:
        raise CapacityError("rancherVersion: not set for any cluster. Name the Rancher that imports")
    now = replace(
        first,
        imported_clusters=live.clusters,
        connected=False,
        projects=live.projects,
        users=max(live.preferences, 1),
        applications=0,
        leaked=0,
        crowded=first.crowded[: live.namespaces],
    )
    # Connected agents, applications and leaks are in the number of namespaces.
    now = replace(now, leaked=max(live.namespaces - namespace_count(now), 0))
    demands = tuple(now if demand is first else demand for demand in plan.demands)
    limits = [limit for limit in assess(replace(plan, demands=demands)).limits if limit.per_import]
    found = max(limits, key=lambda limit: limit.utilisation)  # pod subnets are always among them
    return Use(limit=found.name, taken=found.used + found.planned, capacity=found.capacity, day=day)


def decide(previous: Verdict | None, use: Use, *, close: int, reopen: int, now: str) -> Verdict:
    """The verdict, with hysteresis: closed from ``close`` percent on, until the use is down to ``reopen``.

    Args:
        previous: The last verdict; None at first.
        use: The scarcest limit.
        close: Percent, brakeClosePercent.
        reopen: Percent, brakeOpenPercent; less than ``close``.
        now: ISO 8601.
    """
    was_closed = previous is not None and previous.mode == "closed"
    closed = use.percent > reopen if was_closed else use.percent >= close
    mode: Mode = "closed" if closed else "fleet-only"
    same = previous is not None and previous.mode == mode
    if previous and same and _step(previous.percent) == _step(use.percent):
        return previous
    since = previous.since if previous and same else now
    taken = f"{use.taken} of {use.capacity} {use.limit} are taken ({use.percent:.0f} %)"
    rule = f"it opens at {reopen} %" if closed else f"it closes at {close} %"
    return Verdict(
        mode=mode, since=since, reason=f"{taken}; {rule}", headroom=use.left, percent=round(use.percent, 1)
    )


def _step(percent: float) -> int:
    return int(percent // _STEP)
