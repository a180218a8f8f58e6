"""``LimitKind``, base of the limits; ``Limit``, one with its figures; ``Advice``, a change that lifts it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import ClassVar

from capacity.model.limits.inventory import Inventory, Use
from capacity.model.namespaces import importer, namespace_count, namespaces_per_import
from capacity.model.plan import Block, Demand, Network, Plan


@dataclass(frozen=True)
class Flag:
    """A flag of ``python -m capacity``.

    Attributes:
        figure: The field of ``Network``, or of ``Demand``, that it sets: a whole number.
        name: Such as ``--tier1-limit``.
        meaning: Help text.
    """

    figure: str
    name: str
    meaning: str


@dataclass(frozen=True, kw_only=True)
class Limit:
    """One thing that can run out, with the figures of a plan.

    Attributes:
        kind: What it is.
        name: Its name; a limit per cluster has the cluster's name in it.
        capacity: How many there are.
        used: How many others use.
        planned: How many the plan's clusters take once the whole plan is deployed.
        per_import: How many one more imported cluster takes: on the Rancher whose limit it is, otherwise on
            the plan's first.
        reserve: How many must stay free.
        demand: The cluster that alone takes from it; None: all take from it.
        rounding: By how much ``planned`` is rounded up: some figures are averages.
    """

    kind: LimitKind = field(repr=False)
    name: str
    capacity: int
    used: int
    planned: int
    per_import: int | Fraction = 0
    reserve: int = 0
    demand: Demand | None = field(default=None, repr=False)
    rounding: Fraction = Fraction(0)

    @property
    def headroom(self) -> int:
        """How many remain beyond the reserve; negative: how many are missing."""
        return self.capacity - self.reserve - self.used - self.planned

    @property
    def free(self) -> Fraction:
        """The headroom before ``planned`` was rounded."""
        return self.headroom + self.rounding

    @property
    def utilisation(self) -> float:
        """Share of the capacity that is taken once the plan is deployed."""
        return (self.used + self.planned) / self.capacity if self.capacity else float(self.planned > 0)


@dataclass(frozen=True, kw_only=True)
class Advice:
    """A change that lifts one limit far enough for the plan.

    Attributes:
        limit: Name of the limit.
        change: The change in words.
        running: Whether a running cluster can have it; otherwise it needs a new cluster.
        changed: Returns the plan with the change.
    """

    limit: str
    change: str
    running: bool
    changed: Callable[[], Plan] = field(repr=False)

    @property
    def plan(self) -> Plan:
        """The plan with the change."""
        return self.changed()

    def __str__(self) -> str:
        where = "also on a running cluster" if self.running else "only with a new cluster"
        return f"{self.change} ({where})"


class LimitKind(ABC):
    """A limit: what takes from it, its capacity, its reading and its remedies."""

    name: ClassVar[str]
    """Name of the limit."""
    has_reserve: ClassVar[bool] = False
    """Whether the reserve applies: what takes from it grows unplanned, such as namespaces."""
    flags: ClassVar[tuple[Flag, ...]] = ()
    """Flags for its figures."""

    @abstractmethod
    def measure(self, plan: Plan) -> Iterator[Limit]:
        """The limit with the plan's figures; nothing while its capacity is unknown."""

    def remedies(self, plan: Plan, limit: Limit) -> Iterator[Advice]:
        """Changes that lift an exceeded limit, the cheapest first, besides fewer imported clusters."""
        del plan, limit
        return iter(())

    def observe(self, network: Network, inventory: Inventory) -> Network:
        """The network with what others use of this limit now."""
        del inventory
        return network

    def with_use(self, network: Network, source: Network | None) -> Network:
        """The network with what others use of this limit in ``source``; None: they use nothing."""
        del source
        return network

    def headroom(self, plan: Plan) -> int:
        """Headroom of a limit that exists once."""
        return with_reserve(next(self.measure(plan)), plan.network).headroom


class CountedLimit(LimitKind):
    """A limit whose capacity is a figure of the network."""

    has_reserve = True
    limit_figure: ClassVar[str]
    """Field of ``Network`` with its capacity; None there: unknown."""
    used_figure: ClassVar[str]
    """Field of ``Network`` with what others use."""

    @abstractmethod
    def planned(self, plan: Plan) -> int:
        """How many the plan's clusters take."""

    @abstractmethod
    def takes_per_namespace(self, network: Network) -> bool:
        """Whether each namespace takes one."""

    def count(self, inventory: Inventory) -> Use:
        """How many there are now."""
        raise NotImplementedError

    def measure(self, plan: Plan) -> Iterator[Limit]:
        capacity = getattr(plan.network, self.limit_figure)
        if capacity is not None:
            yield Limit(
                kind=self,
                name=self.name,
                capacity=capacity,
                used=getattr(plan.network, self.used_figure),
                planned=self.planned(plan),
                per_import=per_import(plan) if self.takes_per_namespace(plan.network) else 0,
            )

    def observe(self, network: Network, inventory: Inventory) -> Network:
        if getattr(network, self.limit_figure) is None:
            return network
        return _changed(network, self.used_figure, self.count(inventory).others)

    def with_use(self, network: Network, source: Network | None) -> Network:
        return _changed(network, self.used_figure, getattr(source, self.used_figure) if source else 0)


class BlockLimit(LimitKind):
    """A limit whose capacity is that of IP blocks."""

    blocks_figure: ClassVar[str]
    """Field of ``Network`` with the blocks; none there: unknown."""
    prefix_figure: ClassVar[str]
    """Field of ``Network`` with the prefix of a subnet."""

    @abstractmethod
    def planned(self, plan: Plan) -> int:
        """How many subnets the plan's clusters take."""

    def blocks(self, network: Network) -> tuple[Block, ...]:
        """Its blocks."""
        found: tuple[Block, ...] = getattr(network, self.blocks_figure)
        return found

    def prefix(self, network: Network) -> int:
        """Prefix of its subnets."""
        return int(getattr(network, self.prefix_figure))

    def measure(self, plan: Plan) -> Iterator[Limit]:
        blocks, prefix = self.blocks(plan.network), self.prefix(plan.network)
        if blocks:
            yield Limit(
                kind=self,
                name=self.name,
                capacity=sum(block.subnets(prefix) for block in blocks),
                used=sum(block.subnets_used for block in blocks),
                planned=self.planned(plan),
                per_import=per_import(plan) if self.has_reserve else 0,
            )

    def observe(self, network: Network, inventory: Inventory) -> Network:
        prefix = self.prefix(network)
        blocks = tuple(
            replace(block, subnets_used=inventory.subnets(block.cidr, prefix).others)
            for block in self.blocks(network)
        )
        return _changed(network, self.blocks_figure, blocks)

    def with_use(self, network: Network, source: Network | None) -> Network:
        known = {block.cidr: block.subnets_used for block in self.blocks(source)} if source else {}
        blocks = tuple(
            replace(block, subnets_used=known.get(block.cidr, block.subnets_used if source else 0))
            for block in self.blocks(network)
        )
        return _changed(network, self.blocks_figure, blocks)


def total_namespaces(plan: Plan) -> int:
    """Namespaces of all clusters of the plan."""
    return sum(namespace_count(demand) for demand in plan.demands)


def per_import(plan: Plan) -> int:
    """Namespaces that one more imported cluster takes; 0 when no cluster has Rancher."""
    first = importer(plan)
    return namespaces_per_import(first) if first else 0


def with_reserve(limit: Limit, network: Network) -> Limit:
    """The limit with the network's reserve, rounded down, if it has one."""
    if not limit.kind.has_reserve:
        return limit
    return replace(limit, reserve=limit.capacity * network.reserve_percent // 100)


def with_demand(plan: Plan, changed: Demand) -> Plan:
    """The plan with other figures of the cluster of that name."""
    demands = (changed if demand.name == changed.name else demand for demand in plan.demands)
    return replace(plan, demands=tuple(demands))


def network_advice(
    plan: Plan, limit: Limit, change: str, network: Network, *, running: bool = False
) -> Iterator[Advice]:
    """Advice to change the network, if it lifts the limit."""
    changed = replace(plan, network=network)
    if limit.kind.headroom(changed) >= 0:
        yield Advice(limit=limit.name, change=change, running=running, changed=lambda: changed)


def _changed(network: Network, figure: str, value: object) -> Network:
    return replace(network, **{figure: value})  # type: ignore[arg-type]
