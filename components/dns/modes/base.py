"""``DnsMode``: the interface of a mode."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pulumi


@dataclass(frozen=True, kw_only=True)
class Address:
    """What a record must say.

    Attributes:
        hostname: Full name, without the final dot.
        address: Its IPv4 address.
        ttl: Seconds for which resolvers may cache the record.
    """

    hostname: str
    address: pulumi.Input[str]
    ttl: int = 300


@dataclass(frozen=True, kw_only=True)
class DnsMode(ABC):
    """How records are made. A subclass has its options as fields."""

    @abstractmethod
    def record(
        self, name: str, wanted: Address, opts: pulumi.ResourceOptions
    ) -> pulumi.CustomResource | None:
        """Declare the resource that makes a record; None if the program makes none."""

    def preflight(self, hostnames: Sequence[str]) -> dict[str, Any] | None:
        """Inputs of ``DnsCheck`` for records of these names; None if nothing can be checked."""
        del hostnames
        return None
