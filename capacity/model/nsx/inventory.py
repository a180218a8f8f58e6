"""``NsxInventory``: counts objects of NSX-T, those of the plan's cluster apart from those of others.

PKS and NCP tag what they create with the cluster's UUID, NCP with ``pks-`` in front of it
(container-service-extension ``nsxt``); a Tier-1 router with a SNAT address is tagged with that too.
"""

from __future__ import annotations

import ipaddress
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar, Protocol

from capacity.model.limits.inventory import AddressUse, Use

Object = Mapping[str, Any]
"""An object as NSX-T returns it."""

_CLUSTER_TAGS = frozenset({"ncp/cluster", "pks/cluster"})
_SNAT_TAG = "ncp/snat_ip"


class AbsentError(LookupError):
    """The manager does not have an object, or does not serve the API that would have it."""


class Manager(Protocol):
    """An NSX-T manager, as the inventory reads it; ``query`` are parameters of the request.

    Attributes:
        name: What messages call it.
    """

    name: str

    def get(self, path: str, **query: str) -> Object:
        """One object.

        Raises:
            AbsentError: There is none.
        """

    def list(self, path: str, **query: str) -> list[Object]:
        """All objects of a collection.

        Raises:
            AbsentError: There is no such collection.
        """


@dataclass(frozen=True)
class LoadBalancer:
    """A load balancer of the cluster.

    Attributes:
        size: ``small``, ``medium``, ``large`` and, in later versions, others.
        virtual_servers: Virtual servers that it has now.
    """

    size: str
    virtual_servers: int


@dataclass(frozen=True)
class Subnet:
    """A subnet of an IP block.

    Attributes:
        own: Whether it is the plan's cluster's.
        network: Its addresses; None when NSX-T does not say where in the block they are.
        size: Number of addresses; 0: unknown.
    """

    own: bool
    network: ipaddress.IPv4Network | None = None
    size: int = 0


@dataclass(frozen=True)
class Pool:
    """A pool of floating IPs.

    Attributes:
        size: All addresses.
        allocated: Addresses in use, as NSX-T counts them. The policy API does not list each of them.
        allocations: Each listed address in use, with its object.
    """

    size: int
    allocated: int
    allocations: Sequence[tuple[str, Object]]


class NsxInventory(ABC):
    """Objects of a manager, read when they are asked for.

    Attributes:
        skipped: Objects of others that could not be read and so do not count.
    """

    api: ClassVar[str]
    """Which of NSX-T's two APIs this is, for messages."""

    def __init__(self, manager: Manager, cluster: str | None, pools: Iterable[str]) -> None:
        """Make it; nothing is read.

        Args:
            manager: Where the objects are.
            cluster: UUID of the plan's cluster; None when it does not exist yet: all objects are others'.
            pools: Ids of the floating IP pools.
        """
        self._manager, self._cluster, self._pools = manager, cluster, tuple(pools)
        self.skipped = 0
        self._taken: dict[str, list[Subnet]] = {}

    # --- for each API -------------------------------------------------------------------------------------
    @abstractmethod
    def _ip_blocks(self) -> list[Object]:
        """The IP blocks."""

    @abstractmethod
    def _subnets(self, block: Object) -> Iterable[Subnet]:
        """The subnets that are taken from a block."""

    @abstractmethod
    def _pool(self, pool: str) -> Pool:
        """A floating IP pool."""

    @abstractmethod
    def _tier1_routers(self) -> list[Object]:
        """The Tier-1 routers."""

    @abstractmethod
    def _segments(self) -> list[Object]:
        """The segments."""

    @abstractmethod
    def _virtual_servers(self) -> list[Object]:
        """The virtual servers."""

    @abstractmethod
    def load_balancers(self) -> tuple[LoadBalancer, ...]:
        """The load balancers of the plan's cluster."""

    # --- the same for both --------------------------------------------------------------------------------
    def subnets(self, cidr: str, prefix: int) -> Use:
        """Subnets with that prefix that are taken from the IP block with that CIDR.

        Raises:
            AbsentError: There is no such block.
        """
        block = self._blocks.get(ipaddress.IPv4Network(cidr))
        if block is None:
            known = ", ".join(sorted(map(str, self._blocks))) or "none"
            raise AbsentError(
                f"{self._manager.name} has no IP block {cidr} ({self.api}; known: {known}). Correct the "
                "blocks"
            )
        if cidr not in self._taken:
            self._taken[cidr] = list(self._subnets(block))
        subnets = self._taken[cidr]
        return Use(
            own=_slots((subnet for subnet in subnets if subnet.own), prefix),
            others=_slots((subnet for subnet in subnets if not subnet.own), prefix),
        )

    def addresses(self) -> AddressUse | None:
        """Addresses of the floating IP pools; None without pools."""
        if not self._pools:
            return None
        own = self._own_addresses() if self._cluster else set()
        pools = [self._pool(pool) for pool in self._pools]
        listed = [allocation for pool in pools for allocation in pool.allocations]
        others = sum(address not in own and not self._is_own(item) for address, item in listed)
        unlisted = sum(max(pool.allocated - len(pool.allocations), 0) for pool in pools)
        own_unlisted = len(own - {address for address, _ in listed})
        return AddressUse(sum(pool.size for pool in pools), others + max(unlisted - own_unlisted, 0))

    def tier1_routers(self) -> Use:
        """Tier-1 routers."""
        return self._use(self._routers)

    def segments(self) -> Use:
        """Segments."""
        return self._use(self._segments())

    @cached_property
    def _routers(self) -> list[Object]:
        return self._tier1_routers()

    @cached_property
    def _blocks(self) -> dict[ipaddress.IPv4Network, Object]:
        """By their network; NSX-T accepts host bits in a block's CIDR."""
        found: dict[ipaddress.IPv4Network, Object] = {}
        for item in self._ip_blocks():
            for cidr in _cidrs(item):
                network = ipv4(cidr)
                if network is None:
                    self.skipped += 1
                else:
                    found.setdefault(network, item)
        return found

    def _own_addresses(self) -> set[str]:
        """Floating IPs that the cluster's own objects show: NCP need not tag the allocations."""
        own = filter(self._is_own, self._virtual_servers())
        addresses = {str(item.get("ip_address", "")) for item in own}
        tags = (tag for item in self._routers if self._is_own(item) for tag in _tags(item))
        return addresses | {value for scope, value in tags if scope == _SNAT_TAG}

    def _use(self, items: Iterable[Object]) -> Use:
        own = [self._is_own(item) for item in items]
        return Use(own=sum(own), others=len(own) - sum(own))

    def _is_own(self, item: Object) -> bool:
        """Whether the object is tagged with the cluster: with its UUID, or ``pks-<uuid>``."""
        names = {self._cluster, f"pks-{self._cluster}"} if self._cluster else set()
        return any(scope in _CLUSTER_TAGS and value in names for scope, value in _tags(item))


def ipv4(cidr: object) -> ipaddress.IPv4Network | None:
    """An IPv4 network, host bits dropped; None for anything else."""
    try:
        return ipaddress.IPv4Network(str(cidr), strict=False)
    except ValueError:
        return None


def mapping(value: object) -> Mapping[str, object]:
    """An object, empty for anything else."""
    return value if isinstance(value, Mapping) else {}


def integer(value: object) -> int:
    """A whole number, 0 for anything else."""
    try:
        return int(str(value))
    except ValueError:
        return 0


def _cidrs(block: Object) -> list[object]:
    """A block has one network; since NSX 4.2 it may have several."""
    listed = block.get("cidr_list") or block.get("cidrs")
    return listed if isinstance(listed, list) else [block.get("cidr")]


def _tags(item: Object) -> list[tuple[str, str]]:
    tags = item.get("tags")
    pairs = tags if isinstance(tags, list) else []
    return [(str(tag.get("scope", "")), str(tag.get("tag", ""))) for tag in pairs if isinstance(tag, dict)]


def _slots(subnets: Iterable[Subnet], prefix: int) -> int:
    """Number of subnets with that prefix that subnets of any size occupy."""
    slots = small = 0
    shared: set[ipaddress.IPv4Network] = set()
    slot = 1 << (32 - prefix)
    for subnet in subnets:
        if subnet.network is not None and subnet.network.prefixlen > prefix:
            shared.add(subnet.network.supernet(new_prefix=prefix))
        elif subnet.network is not None:
            slots += subnet.network.num_addresses // slot
        elif 0 < subnet.size < slot:
            small += subnet.size
        else:
            slots += max(subnet.size // slot, 1)
    return slots + len(shared) - (-small // slot)
