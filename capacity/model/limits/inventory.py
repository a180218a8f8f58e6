"""``Inventory``: what a limit needs to know of the objects that NSX-T has."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True)
class Use:
    """A number of objects.

    Attributes:
        own: Those of the plan's cluster.
        others: All others.
    """

    own: int
    others: int


@dataclass(frozen=True)
class AddressUse:
    """Addresses of the floating IP pools.

    Attributes:
        total: All addresses.
        others: Those in use by others than the plan's cluster.
    """

    total: int
    others: int


class Inventory(Protocol):
    """Objects of an NSX-T manager, counted when they are asked for."""

    def subnets(self, cidr: str, prefix: int) -> Use:
        """Subnets with that prefix that are taken from the IP block with that CIDR."""

    def addresses(self) -> AddressUse | None:
        """Addresses of the floating IP pools; None when no pool is known."""

    def tier1_routers(self) -> Use:
        """Tier-1 routers."""

    def segments(self) -> Use:
        """Segments."""
