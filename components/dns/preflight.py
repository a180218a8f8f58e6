"""``DnsCheck``: whether the DNS server takes the stack's updates."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from components.dns.provider import server as client
from components.runtime.errors import ProviderError
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

    def free_names(self, wanted: Properties, config: Lookup) -> Iterator[str]:
        server = client(wanted["server"], config)
        for name in wanted["hostnames"]:
            if server.is_free(wanted["zone"] or server.zone_of(name), name):
                yield name

    def remove(self, known: Properties, vacant: Collection[str], config: Lookup) -> None:
        """The records of the stack are gone by now, but for one that a killed update did not record."""
        server = client(known["server"], config)
        for name in {*vacant}.intersection(known["hostnames"]):
            live = server.address_record(known["zone"] or server.zone_of(name), name)
            if live:
                raise ProviderError(
                    f"{name} still has the address {', '.join(live.addresses)}, which is not in this stack's "
                    "state. If a killed run made it, remove the record and run `pulumi destroy` "
                    "again. If it is another's, take this resource out of the state: `pulumi state "
                    "delete` with its URN",
                    "hostnames",
                )
