"""``Claim``: what a record is about to say, in the state before the record is made."""

from __future__ import annotations

import pulumi
from pulumi.dynamic import Resource

from components.dns.provider import DnsProvider
from components.runtime.provider import Properties


class ClaimProvider(DnsProvider):
    """Makes nothing. Its deletion removes the address that a killed update gave the name unrecorded."""

    replaces = ("hostname",)
    updates = ("address", "server", "zone")

    def apply(self, wanted: Properties, before: Properties) -> Properties:
        del wanted, before
        return {}

    def identity(self, properties: Properties) -> str:
        return str(properties["hostname"])

    def remove(self, id_: str, known: Properties) -> None:
        """Other addresses stay: they are somebody else's."""
        del id_
        server, hostname = self.server(known), known["hostname"]
        server.remove(known["zone"] or server.zone_of(hostname), hostname, (known["address"],))


class Claim(Resource, module="dns", name="Claim"):
    """A name's address to be, type ``pulumi-python:dynamic/dns:Claim``; its id is the host name."""

    def __init__(
        self,
        resource_name: str,
        *,
        hostname: str,
        address: pulumi.Input[str],
        server: str,
        zone: str,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Declare the resource; the record must depend on it.

        Args:
            resource_name: Name in the stack.
            hostname: The record's full name, without the final dot.
            address: The address that the record will have.
            server: The zone's primary server, ``host`` or ``host:port``.
            zone: The zone; empty: the server is asked for it.
            opts: Options.
        """
        props = {"hostname": hostname, "address": address, "server": server, "zone": zone}
        super().__init__(ClaimProvider(), resource_name, props, opts)
