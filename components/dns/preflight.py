"""``DnsCheck``: whether the DNS server takes the stack's updates."""

from __future__ import annotations

from collections.abc import Iterator

from components.dns.provider import server as client
from components.runtime.preflight import Check
from components.runtime.provider import Properties
from domain.credentials import Lookup
from domain.dns import occupied
from domain.finding import Finding


class DnsCheck(Check):
    """Asks the server, which changes nothing. Inputs: ``hostnames``, ``server``, ``zone`` and
    ``move``, see ``components.dns.record.Record``.
    """

    def findings(self, wanted: Properties, before: Properties, config: Lookup) -> Iterator[Finding]:
        server, hostnames = client(wanted["server"], config), wanted["hostnames"]
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
                yield occupied(hostname, addresses.addresses, wanted["server"], move=wanted["move"])
