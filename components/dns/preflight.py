"""``DnsPreflight``: checks that the DNS server takes the stack's updates, before anything is created."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pulumi
from pulumi.dynamic import Resource

from components.dns.provider import DnsProvider
from components.runtime.errors import ProviderError
from components.runtime.preflight import VACANT, PreflightProvider
from components.runtime.provider import Properties
from domain.finding import Finding


class DnsPreflightProvider(PreflightProvider, DnsProvider):
    """Asks the server, which changes nothing."""

    def problems(self, wanted: Properties, before: Properties) -> Iterator[Finding]:
        """Which address a name needs is not known yet.

        So an A record is a warning at the stack's first run; later it is usually the stack's own.
        """
        server, hostnames = self.server(wanted), wanted["hostnames"]
        zones = {name: wanted["zone"] or server.zone_of(name) for name in hostnames}
        for zone in sorted(set(zones.values())):
            server.check_update(zone)
        for hostname, zone in zones.items():
            if server.is_free(zone, hostname):
                continue
            addresses = server.address_record(zone, hostname)
            if addresses is None or server.has(zone, hostname, "AAAA"):
                yield Finding("hostnames", server.taken(hostname))
            elif not before:
                yield Finding(
                    "hostnames",
                    f"the DNS name {hostname} already has the address {', '.join(addresses.addresses)}; "
                    "unless that is the address it needs, the record is not changed",
                    "Remove that record or choose another name",
                    severity="warning",
                )

    def free_names(self, wanted: Properties) -> Iterator[str]:
        server = self.server(wanted)
        for name in wanted["hostnames"]:
            if server.is_free(wanted["zone"] or server.zone_of(name), name):
                yield name

    def remove(self, id_: str, known: Properties) -> None:
        """The records of the stack are gone by now, but for one that a killed update did not record."""
        del id_
        for name in known.get(VACANT) or ():
            server = self.server(known)
            live = server.address_record(known["zone"] or server.zone_of(name), name)
            if live and name in known["hostnames"]:
                raise ProviderError(
                    f"{name} still has the address {', '.join(live.addresses)}, which is not in this stack's "
                    "state. If a killed run made it, remove the record and run `pulumi destroy` "
                    "again. If it is another's, take this resource out of the state: `pulumi state "
                    "delete` with its URN",
                    "hostnames",
                )


class DnsPreflight(Resource, module="dns", name="DnsPreflight"):
    """A DNS server that takes updates of these names, type ``pulumi-python:dynamic/dns:DnsPreflight``.

    The cluster depends on it: a wrong key is reported before the cluster is created.
    """

    def __init__(
        self,
        resource_name: str,
        *,
        hostnames: Sequence[str],
        server: str,
        zone: str,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Declare the resource; see ``components.dns.record.Record`` for ``server`` and ``zone``."""
        props = {"hostnames": list(hostnames), "server": server, "zone": zone}
        super().__init__(DnsPreflightProvider(), resource_name, props, opts)
