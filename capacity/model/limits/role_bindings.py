"""RoleBindings of each Rancher: it slows down above a number of objects of one kind."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction

from capacity.model.limits.growth import GrowthLimit
from capacity.model.limits.kind import Advice, Limit, with_demand
from capacity.model.plan import Demand, Plan
from domain import rancher_growth as growth
from domain.rancher_growth import Cost

_PROJECTS_PER_CLUSTER = 2
"""Default and System."""


class RoleBindings(GrowthLimit):
    """Source: ``domain.rancher_growth``. ClusterRoleBindings, another kind, are fewer: 2 for each cluster."""

    name = "role bindings"

    def amount(self, cost: Cost) -> Fraction:
        return cost.role_bindings

    def capacity(self, demand: Demand) -> int:
        del demand
        return growth.MOST_OF_ONE_KIND

    def start(self, demand: Demand) -> int:
        del demand
        return growth.ROLE_BINDINGS_AT_START

    def remedies(self, plan: Plan, limit: Limit) -> Iterator[Advice]:
        """One membership of a group serves all its people."""
        demand = limit.demand
        if demand is None or max(demand.users_per_cluster, demand.users_per_project) <= 1:
            return
        grouped = replace(
            demand,
            users_per_cluster=min(demand.users_per_cluster, 1),
            users_per_project=min(demand.users_per_project, 1),
        )
        if self.fits(plan, grouped):
            yield Advice(
                limit=limit.name,
                change="one group instead of several users as member of each cluster and project",
                running=True,
                changed=lambda: with_demand(plan, grouped),
            )


ROLE_BINDINGS = RoleBindings()


def documented_minimum(demand: Demand) -> int:
    """The least number of role bindings of a Rancher as SUSE documents it, those in its clusters included."""
    clusters = demand.imported_clusters + 1
    return growth.documented_minimum(
        clusters=clusters,
        users=demand.users,
        cluster_members=demand.users_per_cluster,
        projects=demand.projects + _PROJECTS_PER_CLUSTER * clusters,
        project_members=demand.users_per_project,
    )
