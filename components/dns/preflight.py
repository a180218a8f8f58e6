"""Whether the DNS server will take the stack's updates: asked before anything is created."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import pulumi
from pulumi.dynamic import Resource

from components.dns.provider import DnsProvider
from components.runtime.errors import log
from components.runtime.preflight import InspectionProvider, Problem
from components.runtime.provider import Properties

if TYPE_CHECKING:
    from components.dns.server import Server


class UpdateAccessProvider(InspectionProvider, DnsProvider):
    """Asks the server."""

    def problems(self, wanted: Properties, before: Properties) -> Iterator[Problem]:
        found = _problems(self.server(wanted), wanted["hostnames"], wanted["zone"], first=not before)
        return (("", problem) for problem in found)


class UpdateAccess(Resource, module="dns", name="UpdateAccess"):
    """A DNS server that takes updates of these names, type ``pulumi-python:dynamic/dns:UpdateAccess``.

    The cluster depends on it: a wrong key is told before the cluster is ordered, not when it is there.
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
        """Declare it; see ``components.dns.rfc2136.Record`` for ``server`` and ``zone``."""
        props = {"hostnames": list(hostnames), "server": server, "zone": zone}
        super().__init__(UpdateAccessProvider(), resource_name, props, opts)


def _problems(server: Server, hostnames: Sequence[str], zone: str, first: bool) -> Iterator[str]:
    """What the server will refuse.

    Which address a name is to lead to is not known yet: that it leads to one is a warning at the stack's
    ``first`` run, and later as a rule its own record.
    """
    zones = {zone or server.zone_of(hostname) for hostname in hostnames}
    for name in sorted(zones):
        server.check_update(name)
    for hostname in hostnames:
        held = server.held(hostname)
        if "AAAA" in held or (held and "A" not in held):
            yield server.held_problem(hostname, held)
        elif held and first:
            log.warning(
                "warning: the DNS name %s leads to %s already; unless that is the address that it is to lead "
                "to, it will not be taken over. Remove that record, or choose another name",
                hostname,
                ", ".join(held["A"]),
            )
