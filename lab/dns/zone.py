"""A file-backed zone with queries and dynamic updates (RFC 1035, RFC 2136 sections 3.2 and 3.4)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import dns.name
import dns.rcode
import dns.rdata
import dns.rdataclass
import dns.rdataset
import dns.rdatatype
import dns.rdtypes.ANY.SOA
import dns.rrset
import dns.serial
import dns.update
import dns.zone

from lab.pki import write_private

_NEW = """\
$ORIGIN {zone}.
@ 300 IN SOA ns hostmaster 1 3600 600 86400 {negative}
@ 300 IN NS ns
ns 300 IN A {address}
"""
NEGATIVE_SECONDS = 5
"""Negative caching time of resolvers; short, because names in a lab come and go."""


@dataclass
class ZoneFile:
    """The zone and its file, which is replaced atomically on each change."""

    zone: dns.zone.Zone
    file: Path

    @classmethod
    def load(cls, file: Path, name: str, address: str) -> ZoneFile:
        """Loads the stored zone, or creates one whose name server is at ``address``."""
        text = _NEW.format(zone=name, address=address, negative=NEGATIVE_SECONDS)
        if file.exists():
            text = file.read_text()
        return cls(dns.zone.from_text(text, name, relativize=False), file)

    @property
    def origin(self) -> dns.name.Name:
        """Name of the zone."""
        assert self.zone.origin is not None  # noqa: S101 - set by from_text
        return self.zone.origin

    def holds(self, name: dns.name.Name) -> bool:
        """Whether the name, or one below it, exists."""
        return any(known.is_subdomain(name) for known in self.zone.nodes)

    def records(self, name: dns.name.Name, rdtype: dns.rdatatype.RdataType) -> list[dns.rrset.RRset]:
        """Returns the name's records of a type, or all of them for ``ANY``."""
        node = self.zone.get_node(name)
        found = [] if node is None else list(node)
        return [
            dns.rrset.from_rdata_list(name, item.ttl, list(item))
            for item in found
            if rdtype in {item.rdtype, dns.rdatatype.ANY}
        ]

    def soa(self) -> dns.rrset.RRset:
        """The zone's SOA record."""
        return self.records(self.origin, dns.rdatatype.SOA)[0]

    def update(self, message: dns.update.UpdateMessage) -> dns.rcode.Rcode:
        """Applies an update atomically; returns the response code."""
        for section in (message.prerequisite, message.update):
            if not all(item.name.is_subdomain(self.origin) for item in section):
                return dns.rcode.NOTZONE
        for code in self._unfulfilled(message.prerequisite):
            return code
        before = self.zone.to_text(relativize=False)
        for item in message.update:
            self._apply(item)
        text = self.zone.to_text(relativize=False)
        if text != before:
            self._count_up()
            write_private(self.file, self.zone.to_text(relativize=False).encode(), mode=0o644)
        return dns.rcode.NOERROR

    def _unfulfilled(self, prerequisites: list[dns.rrset.RRset]) -> Iterator[dns.rcode.Rcode]:
        values: dict[tuple[dns.name.Name, dns.rdatatype.RdataType], set[dns.rdata.Rdata]] = {}
        for wanted in prerequisites:
            found = self.records(wanted.name, wanted.rdtype)
            if wanted.rdtype == dns.rdatatype.ANY:
                if wanted.deleting == dns.rdataclass.ANY and not found:
                    yield dns.rcode.NXDOMAIN
                if wanted.deleting == dns.rdataclass.NONE and found:
                    yield dns.rcode.YXDOMAIN
            elif wanted.deleting == dns.rdataclass.NONE:
                if found:
                    yield dns.rcode.YXRRSET
            elif wanted.deleting == dns.rdataclass.ANY:
                if not found:
                    yield dns.rcode.NXRRSET
            else:  # one record each; the set is complete after the last one
                values.setdefault((wanted.name, wanted.rdtype), set()).update(wanted)
        for (name, rdtype), wanted_values in values.items():
            if wanted_values != {value for item in self.records(name, rdtype) for value in item}:
                yield dns.rcode.NXRRSET

    def _apply(self, item: dns.rrset.RRset) -> None:
        """Applies one record set of the update section; ignores what the RFC says to ignore."""
        name, apex = item.name, item.name == self.origin
        if item.deleting == dns.rdataclass.ANY:
            for found in self.records(name, item.rdtype):
                if not apex or found.rdtype not in _APEX:
                    self.zone.delete_rdataset(name, found.rdtype)
        elif item.deleting == dns.rdataclass.NONE:
            for found in self.records(name, item.rdtype):
                left = set(found) - set(item)
                if apex and (found.rdtype == dns.rdatatype.SOA or not left):
                    continue
                self.zone.delete_rdataset(name, found.rdtype)
                if left:
                    self.zone.replace_rdataset(name, dns.rdataset.from_rdata_list(found.ttl, list(left)))
        elif not self._clashes(item):
            known = self.records(name, item.rdtype) if item.rdtype not in _SINGLE else []
            values = set(item).union(*known)
            self.zone.replace_rdataset(name, dns.rdataset.from_rdata_list(item.ttl, sorted(values)))

    def _clashes(self, item: dns.rrset.RRset) -> bool:
        """Whether an alias would clash with other records (section 3.4.2.2). The SOA is never replaced."""
        types = {found.rdtype for found in self.records(item.name, dns.rdatatype.ANY)}
        if item.rdtype == dns.rdatatype.CNAME:
            return bool(types - {dns.rdatatype.CNAME})
        return dns.rdatatype.CNAME in types or item.rdtype == dns.rdatatype.SOA

    def _count_up(self) -> None:
        soa = self.soa()
        serial = dns.serial.Serial(soa[0].serial) + 1
        value = soa[0].replace(serial=serial.value)
        self.zone.replace_rdataset(self.origin, dns.rdataset.from_rdata(soa.ttl, value))


_APEX = {dns.rdatatype.SOA, dns.rdatatype.NS}
_SINGLE = {dns.rdatatype.CNAME}
