"""``Record``: an A record, kept by dynamic updates (RFC 2136)."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pulumi
from pulumi.dynamic import Resource

from components.dns.provider import DnsProvider
from components.runtime.errors import ProviderError, log
from components.runtime.provider import Properties, unknown
from domain.finding import Finding

if TYPE_CHECKING:
    from components.dns.server import Server

_SEPARATOR = ", "
"""Between several addresses, which only a record that was changed elsewhere can have."""


class RecordProvider(DnsProvider):
    """The server makes a change only if the name has the records that the stack knows, or none."""

    replaces = ("hostname",)
    updates = ("address", "ttl", "server", "zone")
    observed = ("hostname", "address", "ttl", "server", "zone", "move")

    def findings(self, before: Properties, wanted: Properties) -> Iterator[Finding]:
        del before
        address = wanted.get("address")
        if not unknown(address) and not _is_ipv4(str(address)):
            yield Finding("address", f"{address!r} is not an IPv4 address; {wanted['hostname']} needs one")

    def apply(self, wanted: Properties, before: Properties) -> Properties:
        server, hostname = self.server(wanted), wanted["hostname"]
        zone, known = _zone(server, wanted), _addresses(before) if before else ()
        if not before and wanted.get("move"):
            found = server.address_record(zone, hostname)
            known = found.addresses if found else ()
        server.ensure(zone, hostname, known, wanted["address"], wanted["ttl"])
        old_zone = before.get("zone")
        if old_zone and old_zone != zone and before["server"] == wanted["server"]:
            server.remove(old_zone, hostname, known)
        return {}

    def identity(self, properties: Properties) -> str:
        return str(properties["hostname"])

    def observe(self, id_: str, known: Properties) -> Properties | None:
        try:
            server = self.server(known)
            live = server.address_record(_zone(server, known), known["hostname"])
        except ProviderError as error:
            log.warning("warning: the DNS record of %s is not checked: %s", id_, error)
            return {}
        return {"address": _SEPARATOR.join(live.addresses), "ttl": live.ttl} if live else None

    def remove(self, id_: str, known: Properties) -> None:
        del id_
        server = self.server(known)
        server.remove(_zone(server, known), known["hostname"], _addresses(known))


class Record(Resource, module="dns", name="Record"):
    """An A record, type ``pulumi-python:dynamic/dns:Record``; its id is the host name."""

    def __init__(
        self,
        resource_name: str,
        *,
        hostname: str,
        address: pulumi.Input[str],
        ttl: int,
        server: str,
        zone: str,
        move: bool = False,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Declare the resource.

        Args:
            resource_name: Name in the stack.
            hostname: The record's full name, without the final dot.
            address: Its IPv4 address.
            ttl: Seconds for which resolvers may cache it.
            server: The zone's primary server, ``host`` or ``host:port``.
            zone: The zone; empty: the server is asked for it.
            move: Whether the creation replaces an address that the name has.
            opts: Options.
        """
        props = {
            "hostname": hostname,
            "address": address,
            "ttl": ttl,
            "server": server,
            "zone": zone,
            "move": move,
        }
        super().__init__(RecordProvider(), resource_name, props, opts)


def _zone(server: Server, known: Properties) -> str:
    return str(known["zone"] or server.zone_of(known["hostname"]))


def _addresses(known: Properties) -> tuple[str, ...]:
    return tuple(known["address"].split(_SEPARATOR))


def _is_ipv4(text: str) -> bool:
    try:
        ipaddress.IPv4Address(text)
    except ValueError:
        return False
    return True
