"""Mode ``rfc2136``: dynamic updates of the zone's primary server."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pulumi

from components.dns.claim import Claim
from components.dns.modes.base import Address, DnsMode
from components.dns.record import Record


@dataclass(frozen=True, kw_only=True)
class Rfc2136Mode(DnsMode):
    """Makes records by dynamic updates.

    Attributes:
        server: The zone's primary server, ``host`` or ``host:port``.
        zone: The zone; empty: the server is asked for it.
        move_record: Whether a name that has an address of somebody else is moved.
    """

    server: str
    zone: str = ""
    move_record: bool = False

    def record(self, name: str, wanted: Address, opts: pulumi.ResourceOptions) -> pulumi.CustomResource:
        claim = Claim(
            name.removesuffix("-record") + "-claim",
            hostname=wanted.hostname,
            address=wanted.address,
            server=self.server,
            zone=self.zone,
            opts=opts,
        )
        return Record(
            name,
            hostname=wanted.hostname,
            address=wanted.address,
            ttl=wanted.ttl,
            server=self.server,
            zone=self.zone,
            move=self.move_record,
            opts=pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(depends_on=claim)),
        )

    def preflight(self, hostnames: Sequence[str]) -> dict[str, Any]:
        return {
            "hostnames": list(hostnames),
            "server": self.server,
            "zone": self.zone,
            "move": self.move_record,
        }
