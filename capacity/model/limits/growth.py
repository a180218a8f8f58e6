"""``GrowthLimit``, base of the limits of what a Rancher stores: each Rancher has its own."""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Iterator
from fractions import Fraction

from capacity.model.limits.kind import Limit, LimitKind, with_reserve
from capacity.model.plan import Demand, Plan
from domain.rancher_growth import Cost, Counts


class GrowthLimit(LimitKind):
    """A limit of each Rancher. Its figures come from averages: they are rounded, what fits is exact."""

    has_reserve = True

    @abstractmethod
    def amount(self, cost: Cost) -> Fraction:
        """What one thing takes of this limit."""

    @abstractmethod
    def capacity(self, demand: Demand) -> int:
        """How much there can be on a cluster."""

    @abstractmethod
    def start(self, demand: Demand) -> int:
        """What is there before anything is imported."""

    def measure(self, plan: Plan) -> Iterator[Limit]:
        return (self.limit_of(demand) for demand in plan.demands if demand.rancher_version is not None)

    def limit_of(self, demand: Demand) -> Limit:
        """The limit of one Rancher."""
        exact = self.start(demand) + counts(demand).total(self.amount)
        planned = math.ceil(exact)
        one_more = Counts(clusters=1, cluster_members=demand.users_per_cluster)
        return Limit(
            kind=self,
            name=f"{self.name} of {demand.name}",
            demand=demand,
            capacity=self.capacity(demand),
            used=0,
            planned=planned,
            rounding=planned - exact,
            per_import=one_more.total(self.amount),
        )

    def fits(self, plan: Plan, demand: Demand) -> bool:
        """Whether a Rancher with these figures keeps the plan's reserve."""
        return with_reserve(self.limit_of(demand), plan.network).headroom >= 0


def counts(demand: Demand) -> Counts:
    """What a Rancher has once its whole plan is deployed; members of projects are those of further ones."""
    return Counts(
        clusters=demand.imported_clusters,
        projects=demand.projects,
        users=max(demand.users - 1, 0),
        cluster_members=demand.imported_clusters * demand.users_per_cluster,
        project_members=demand.projects * demand.users_per_project,
    )
