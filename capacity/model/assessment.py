"""What a plan takes of each limit, and which limit it hits first."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass, replace
from functools import cached_property

from capacity.model.limits import KINDS, POD_SUBNETS
from capacity.model.limits.inventory import Inventory
from capacity.model.limits.kind import Limit, with_reserve
from capacity.model.namespaces import imported, importer, imports_that_free
from capacity.model.plan import Demand, Network, Plan


@dataclass(frozen=True, kw_only=True)
class Assessment:
    """A plan set against every limit of its network.

    Attributes:
        plan: The plan.
        limits: The limits with a known capacity.
        unknown: Names of the limits without a known capacity.
    """

    plan: Plan
    limits: tuple[Limit, ...]
    unknown: tuple[str, ...]

    @cached_property
    def exceeded(self) -> tuple[Limit, ...]:
        """The limits that the plan exceeds."""
        return tuple(limit for limit in self.limits if limit.headroom < 0)

    @property
    def fits(self) -> bool:
        """Whether the plan exceeds no limit."""
        return not self.exceeded

    @property
    def imported_clusters(self) -> int:
        """Imported clusters of the plan."""
        return imported(self.plan)

    @cached_property
    def first_limit(self) -> Limit | None:
        """The limit that further imported clusters hit first; None when they hit none.

        A limit that the clusters themselves exceed comes first, even if imported clusters take nothing of it.
        """
        if self._importer is None:
            return None
        fixed = next((limit for limit in self.exceeded if self.imports_left(limit) is None), None)
        left = {limit.name: self.imports_left(limit) for limit in self.limits}
        bounded = (limit for limit in self.limits if left[limit.name] is not None)
        return fixed or min(bounded, key=lambda limit: left[limit.name] or 0, default=None)

    @property
    def max_imports(self) -> int | None:
        """Imported clusters that fit in all, counted as by ``with_imports``. None: no limit is known."""
        first = self.first_limit
        if first is None:
            return None
        left = self.imports_left(first)
        return 0 if left is None else max(self.imported_clusters + left, 0)

    @property
    def first_exhausted_at(self) -> int | None:
        """Number of the imported cluster that exceeds the first limit.

        0: the clusters exceed it without any import. None: no limit is known.
        """
        first = self.first_limit
        if first is None:
            return None
        left = self.imports_left(first)
        return 0 if left is None else self.imported_clusters + left + 1

    @property
    def block_use(self) -> tuple[int, ...]:
        """Subnets of each pod block that are taken once the plan is deployed: the first is filled first."""
        left = self.limit(POD_SUBNETS.name).planned
        found: list[int] = []
        for block in self.plan.network.blocks:
            free = block.subnets(self.plan.network.subnet_prefix) - block.subnets_used
            found.append(block.subnets_used + min(left, free))
            left -= min(left, free)
        return tuple(found)

    def limit(self, name: str) -> Limit:
        """The limit of that name."""
        return next(limit for limit in self.limits if limit.name == name)

    def imports_left(self, limit: Limit) -> int | None:
        """Imported clusters that fit beyond the plan; negative: that many are too many.

        None: further imported clusters take nothing of it, or it is exceeded without any.
        """
        if not limit.per_import:
            return None
        if limit.free >= 0:
            concerned = limit.demand is None or limit.demand is self._importer
            return math.floor(limit.free / limit.per_import) if concerned else None
        if limit.demand is None:
            removed = imports_that_free(self.plan, -limit.headroom)
        else:
            removed = self._removed_from(limit.demand, math.ceil(-limit.free / limit.per_import))
        return None if removed is None else -removed

    def months_left(self, limit: Limit) -> int | None:
        """Whole months until the limit is met, at the plan's imports per month and from the deployed plan on.

        0: it is exceeded. None: the rate is unknown, or further imported clusters take nothing of it.
        """
        left = self.imports_left(limit) if self.imports_per_month else None
        return None if left is None else max(left // self.imports_per_month, 0)

    def _removed_from(self, demand: Demand, count: int) -> int | None:
        """How many imported clusters must go, in the order of ``with_imports``, until that many of one go."""
        return None if count > demand.imported_clusters else self._imported_before[demand.name] + count

    @cached_property
    def imports_per_month(self) -> int:
        """Clusters that are imported each month, over all Ranchers; 0: unknown."""
        return sum(demand.imports_per_month for demand in self.plan.demands)

    @cached_property
    def _importer(self) -> Demand | None:
        """The cluster that further imported clusters go to."""
        return importer(self.plan)

    @cached_property
    def _imported_before(self) -> dict[str, int]:
        """Imported clusters of the clusters of the plan before each."""
        demands = self.plan.demands
        before = itertools.accumulate((demand.imported_clusters for demand in demands), initial=0)
        return dict(zip((demand.name for demand in demands), before, strict=False))


def assess(plan: Plan) -> Assessment:
    """Set a plan against every limit of its network.

    Raises:
        CapacityError: The Rancher version is unknown, or more namespaces are crowded than there are.
    """
    measured = {kind.name: tuple(kind.measure(plan)) for kind in KINDS}
    limits = tuple(with_reserve(limit, plan.network) for found in measured.values() for limit in found)
    return Assessment(
        plan=plan,
        limits=limits,
        unknown=tuple(name for name, found in measured.items() if not found and plan.demands),
    )


def observed(network: Network, inventory: Inventory) -> Network:
    """The network with what others use of every limit now.

    Raises:
        CapacityError: They use more than the network's figures allow: those figures are wrong.
    """
    for kind in KINDS:
        network = kind.observe(network, inventory)
    return network


def with_use(network: Network, source: Network | None) -> Network:
    """The network with what others use in ``source``; None: they use nothing.

    Raises:
        CapacityError: They use more than the network's figures allow.
    """
    for kind in KINDS:
        network = kind.with_use(network, source)
    return network


def with_least_reserve(plan: Plan, percent: int) -> Plan:
    """The plan with a reserve of at least that many percent."""
    reserve = max(percent, plan.network.reserve_percent)
    return replace(plan, network=replace(plan.network, reserve_percent=reserve))
