"""Mode ``rfc2136``: dynamic updates of the zone's primary server."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi

from components.dns.modes.base import Address, DnsMode
from components.dns.preflight import DnsPreflight
from components.dns.record import Record


@dataclass(frozen=True, kw_only=True)
class Rfc2136Mode(DnsMode):
    """Makes records by dynamic updates.

    Attributes:
        server: The zone's primary server, ``host`` or ``host:port``.
        zone: The zone; empty: the server is asked for it.
    """

    server: str
    zone: str = ""

    def record(self, name: str, wanted: Address, opts: pulumi.ResourceOptions) -> pulumi.CustomResource:
        return Record(
            name,
            hostname=wanted.hostname,
            address=wanted.address,
            ttl=wanted.ttl,
            server=self.server,
            zone=self.zone,
            opts=opts,
        )

    def preflight(self, name: str, hostnames: Sequence[str]) -> pulumi.Resource:
        return DnsPreflight(name, hostnames=hostnames, server=self.server, zone=self.zone)
