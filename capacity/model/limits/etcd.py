"""Size of each Rancher's etcd, which refuses every write beyond its quota."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from functools import partial

from capacity.model.limits.growth import GrowthLimit
from capacity.model.limits.kind import Advice, Limit, with_demand
from capacity.model.plan import Demand, Plan
from domain import rancher_growth as growth
from domain.rancher_growth import Cost


class Etcd(GrowthLimit):
    """Source: ``domain.rancher_growth``. What etcd has before the first import is a figure of the plan."""

    name = "MB in etcd"

    def amount(self, cost: Cost) -> Fraction:
        return cost.etcd_mb

    def capacity(self, demand: Demand) -> int:
        return demand.etcd_quota_mb

    def start(self, demand: Demand) -> int:
        return demand.etcd_start_mb

    def remedies(self, plan: Plan, limit: Limit) -> Iterator[Advice]:
        """The smallest usual quota that is large enough."""
        if limit.demand is None:
            return
        for quota in (2 * growth.DEFAULT_ETCD_MB, growth.MOST_ETCD_MB):
            larger = replace(limit.demand, etcd_quota_mb=quota)
            if self.fits(plan, larger):
                yield Advice(
                    limit=limit.name,
                    change=f"quota-backend-bytes: {quota * 2**20} ({quota // 1024} GB) for etcd",
                    running=True,
                    changed=partial(with_demand, plan, larger),
                )
                return


ETCD = Etcd()
