"""An address record kept by RFC 2136 updates: created, moved, read and removed."""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING, Any

import pulumi
from pulumi.dynamic import (
    CheckFailure,
    CheckResult,
    CreateResult,
    DiffResult,
    ReadResult,
    Resource,
    UpdateResult,
)

from components.dns.provider import DnsProvider
from components.runtime.errors import ProviderError, log
from components.runtime.provider import Properties, changed, plain, unknown

if TYPE_CHECKING:
    from components.dns.server import Server

_INPUTS = ["hostname", "address", "ttl", "server", "zone"]
_SEPARATOR = ", "
"""Between several addresses, which only a record that someone else changed can have."""


class RecordProvider(DnsProvider):
    """Changes are made by the server only if the name holds what the stack knows, or nothing."""

    def check(self, _olds: dict[str, Any], news: dict[str, Any]) -> CheckResult:
        address = news.get("address")
        failures = []
        if not unknown(address) and not _is_ipv4(str(address)):
            reason = f"{address!r} is no IPv4 address; {news['hostname']} needs one to lead to"
            failures.append(CheckFailure("address", reason))
        return CheckResult(news, failures)

    def diff(self, _id: str, _olds: dict[str, Any], _news: dict[str, Any]) -> DiffResult:
        replaces = changed(_olds, _news, ["hostname"])
        different = changed(_olds, _news, _INPUTS)
        return DiffResult(changes=bool(different), replaces=replaces, delete_before_replace=False)

    def create(self, props: dict[str, Any]) -> CreateResult:
        wanted = plain(props)
        server = self.server(wanted)
        server.ensure(_zone(server, wanted), wanted["hostname"], (), wanted["address"], wanted["ttl"])
        return CreateResult(str(wanted["hostname"]), wanted)

    def update(self, _id: str, _olds: dict[str, Any], _news: dict[str, Any]) -> UpdateResult:
        olds, wanted = plain(_olds), plain(_news)
        server, hostname, had = self.server(wanted), wanted["hostname"], _addresses(olds)
        zone, before = _zone(server, wanted), olds["zone"]
        server.ensure(zone, hostname, had, wanted["address"], wanted["ttl"])
        if before and before != zone and olds["server"] == wanted["server"]:
            server.remove(before, hostname, had)
        return UpdateResult(wanted)

    def read(self, id_: str, props: dict[str, Any]) -> ReadResult:
        known = plain(props)
        try:
            live = self.server(known).addresses(known["hostname"])
        except ProviderError as error:
            log.warning("warning: the DNS record of %s is not checked: %s", id_, error)
            return ReadResult(id_, known)
        if live is None:
            return ReadResult("", {})
        found = {**known, "address": _SEPARATOR.join(live.addresses), "ttl": live.ttl}
        return ReadResult(id_, found, {name: found[name] for name in _INPUTS})

    def delete(self, _id: str, _props: dict[str, Any]) -> None:
        known = plain(_props)
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
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Declare it.

        Args:
            resource_name: Name in the stack.
            hostname: The record's full name, without final dot.
            address: IPv4 address that it leads to.
            ttl: Seconds for which resolvers may keep it.
            server: The zone's primary server, ``host`` or ``host:port``.
            zone: The zone; empty: found by asking the server.
            opts: Resource options.
        """
        props = {"hostname": hostname, "address": address, "ttl": ttl, "server": server, "zone": zone}
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
