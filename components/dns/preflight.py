"""``DnsPreflight``: checks that the DNS server takes the stack's updates, before anything is created."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pulumi
from pulumi.dynamic import Resource

from components.dns.provider import DnsProvider
from components.runtime.preflight import PreflightProvider
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
