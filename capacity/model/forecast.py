"""What Rancher itself grows to with a plan. Nothing is refused for it: the figures are estimates.

Role bindings: the minimum that SUSE documents, and the number of objects of one kind above which it reports
trouble (rancher-docs ``tuning-and-best-practices-for-rancher-at-scale``). etcd: its quota is 2 GB by default
and 8 GB at most (``tune-etcd-for-large-installs``); a registered cluster was measured to take 0.33 MB before
compaction (Rancher 2.15.0).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from capacity.model.plan import Demand, Plan

_PROJECTS_PER_CLUSTER = 2
"""Default and System."""
_ETCD_PER_CLUSTER = 0.33


@dataclass(frozen=True)
class Forecast:
    """A figure of one Rancher.

    Attributes:
        cluster: The cluster with the Rancher.
        name: What grows, with its unit.
        amount: The estimate.
        limit: Above it something has to be done.
        advice: What that is.
    """

    cluster: str
    name: str
    amount: int
    limit: int
    advice: str

    @property
    def exceeded(self) -> bool:
        """Whether something has to be done."""
        return self.amount > self.limit

    def __str__(self) -> str:
        state = f"too many: {self.advice}" if self.exceeded else "enough room"
        return f"{self.cluster}: {self.name} {self.amount:,} of {self.limit:,} ({state})"


def forecasts(plan: Plan) -> Iterator[Forecast]:
    """The figures of each Rancher of a plan."""
    for demand in plan.demands:
        if demand.rancher_version is not None:
            yield Forecast(
                demand.name,
                "role bindings, at least",
                role_bindings(demand),
                60_000,
                "use groups instead of users, fewer memberships, or a further Rancher",
            )
            yield Forecast(
                demand.name,
                "MB of etcd, about",
                round(demand.imported_clusters * _ETCD_PER_CLUSTER),
                2048,
                "raise quota-backend-bytes, to 8 GB at most",
            )


def role_bindings(demand: Demand) -> int:
    """``32 C + U + 2 Ua C + 8 P + 5 Pa``: clusters with the local one, users, and projects, with members."""
    clusters = demand.imported_clusters + 1
    projects = demand.projects + _PROJECTS_PER_CLUSTER * clusters
    return (
        32 * clusters
        + demand.users
        + 2 * demand.users_per_cluster * clusters
        + 8 * projects
        + 5 * demand.users_per_project
    )
