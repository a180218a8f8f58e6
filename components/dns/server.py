"""Client of a zone's primary server: reads names and changes them by dynamic updates (RFC 2136).

Whether a name has records is asked by the prerequisites of updates without changes: a query cannot tell a
record from one that the server makes of a wildcard.
"""

from __future__ import annotations

from dataclasses import dataclass

import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype
import dns.update

from components.dns.transport import Transport
from components.runtime.errors import ProviderError
from domain.credentials import Login
from domain.dns import update_remedy


@dataclass(frozen=True)
class AddressRecord:
    """The A record of a name."""

    addresses: tuple[str, ...]
    ttl: int


class Server:
    """The primary server of a zone."""

    def __init__(self, server: str, login: Login) -> None:
        """Make a client; nothing is sent. See ``Transport``."""
        self._name = server
        self._transport = Transport(server, login)

    def zone_of(self, hostname: str) -> str:
        """The closest zone above ``hostname`` that the server is authoritative for, without the final dot.

        Raises:
            ProviderError: It has none, refuses queries, or has delegated the name to other servers.
        """
        name = dns.name.from_text(hostname)
        codes = set()
        while len(name) > 1:
            answer = self._query(name, "SOA")
            codes.add(answer.rcode())
            if answer.rcode() in {dns.rcode.NOERROR, dns.rcode.NXDOMAIN}:
                if zone := _zone_in(answer, name):
                    return _text(zone)
                self._check_delegation(answer)
            name = name.parent()
        raise ProviderError(
            self._refused(hostname, "or any domain above it")
            if codes == {dns.rcode.REFUSED}
            else f"DNS server {self._name} is not authoritative for {hostname} or any domain above it. Use "
            "the primary server of its zone, or set the zone if that server does not answer queries",
            "server",
            "zone",
        )

    def address_record(self, zone: str, hostname: str) -> AddressRecord | None:
        """The name's own A record; None if it has none (or is an alias).

        Raises:
            ProviderError: The server does not answer with authority.
        """
        if not self.has(zone, hostname, "A"):
            return None
        name = dns.name.from_text(hostname)
        answer = self._query(name, "A")
        code = answer.rcode()
        if code == dns.rcode.REFUSED:
            raise ProviderError(self._refused(hostname), "server")
        if code not in {dns.rcode.NOERROR, dns.rcode.NXDOMAIN} or not answer.flags & dns.flags.AA:
            raise ProviderError(
                f"DNS server {self._name} does not answer for {hostname} with authority "
                f"({dns.rcode.to_text(code)}). Use the primary server of its zone",
                "server",
            )
        for records in answer.answer:
            if records.name == name and records.rdtype == dns.rdatatype.A:
                return AddressRecord(tuple(sorted(item.to_text() for item in records)), records.ttl)
        return None

    def is_free(self, zone: str, hostname: str) -> bool:
        """Whether the name has no records of its own.

        For a free name the update also deletes an address that it cannot have: this changes nothing, and a
        server with permissions by name (BIND: update-policy) refuses it as it would refuse the record.

        Raises:
            ProviderError: The server refuses.
        """
        name = dns.name.from_text(hostname)
        message = self._message(zone)
        message.absent(name)
        message.delete(name, "A", _NO_ADDRESS)
        return self._update(message, zone)

    def has(self, zone: str, hostname: str, kind: str) -> bool:
        """Whether the name has records of a type of its own.

        Raises:
            ProviderError: The server refuses.
        """
        message = self._message(zone)
        message.present(dns.name.from_text(hostname), kind)
        return self._update(message, zone)

    def check_update(self, zone: str) -> None:
        """Check that the server takes updates of the zone with this key, by one without changes.

        Raises:
            ProviderError: It does not.
        """
        self._update(self._message(zone), zone)

    def ensure(self, zone: str, hostname: str, known: tuple[str, ...], address: str, ttl: int) -> None:
        """Set the address of a name, unless the name has other records.

        Each attempt is one update; the server checks its prerequisites in the same transaction.

        Args:
            zone: The zone to change.
            hostname: Name of the record.
            known: Addresses that the stack knows the record to have; empty if it knows none.
            address: The wanted IPv4 address.
            ttl: Seconds.

        Raises:
            ProviderError: The name has other records, or the server refuses the change.
        """
        name = dns.name.from_text(hostname)
        for present in dict.fromkeys([known, (address,), ()]):
            message = self._message(zone)
            if present:
                message.present(name, "A", *present)
                message.absent(name, "AAAA")
            else:
                message.absent(name)
            message.replace(name, ttl, "A", address)
            if self._update(message, zone):
                return
        raise ProviderError(
            f"{self.taken(hostname)}. If the record is this stack's and was changed elsewhere, run `pulumi "
            "refresh` first",
            "hostname",
        )

    def taken(self, hostname: str) -> str:
        """Error for a name that is already taken."""
        name = dns.name.from_text(hostname)
        found = {
            dns.rdatatype.to_text(item.rdtype): ", ".join(sorted(value.to_text() for value in item))
            for kind in ("ANY", "A", "AAAA")  # to ANY a server may answer with one type only (RFC 8482)
            for item in self._query(name, kind).answer
            if item.name == name and item.rdtype not in _SIGNATURES
        }
        words = "; ".join(f"{kind} {values}" for kind, values in found.items())
        return (
            f"the DNS name {hostname} already has other records ({words or 'of unknown type'}) on "
            f"{self._name}, which are not changed. Remove them or choose another name"
        )

    def remove(self, zone: str, hostname: str, addresses: tuple[str, ...]) -> None:
        """Remove these addresses of the name. Their absence is a success; other records stay.

        Raises:
            ProviderError: The server refuses the change.
        """
        message = self._message(zone)
        message.delete(dns.name.from_text(hostname), "A", *addresses)
        self._update(message, zone)

    def _check_delegation(self, answer: dns.message.Message) -> None:
        """Raises if the server answers that another one is responsible."""
        if answer.flags & dns.flags.AA:
            return
        for records in (*answer.answer, *answer.authority):
            if records.rdtype == dns.rdatatype.NS:
                servers = ", ".join(_text(item.target) for item in records)
                raise ProviderError(
                    f"DNS server {self._name} has delegated {_text(records.name)} to {servers}. Use that "
                    "zone's primary server",
                    "server",
                )

    def _refused(self, hostname: str, more: str = "") -> str:
        return (
            f"DNS server {self._name} refuses to answer queries for {hostname}{f' {more}' if more else ''} "
            f"(REFUSED). Allow key {self._transport.key_name} to query the zone (BIND: allow-query), or use "
            "the primary server of the zone"
        )

    def _message(self, zone: str) -> dns.update.UpdateMessage:
        return dns.update.UpdateMessage(dns.name.from_text(zone), keyring=self._transport.key)

    def _query(self, name: dns.name.Name, kind: str) -> dns.message.Message:
        message = dns.message.make_query(name, kind, flags=0)
        message.use_tsig(self._transport.key)
        return self._transport.exchange(message)

    def _update(self, message: dns.update.UpdateMessage, zone: str) -> bool:
        """Send an update; False if a prerequisite is not met."""
        code = self._transport.exchange(message).rcode()
        if code == dns.rcode.NOERROR:
            return True
        if code in _PREREQUISITES:
            return False
        words = dns.rcode.to_text(code)
        raise ProviderError(
            f"DNS server {self._name} refuses to update zone {zone} ({words}). "
            f"{update_remedy(words, self._transport.key_name)}",
            "server",
            "zone",
        )


def _zone_in(answer: dns.message.Message, name: dns.name.Name) -> dns.name.Name | None:
    """The zone of a name in an answer with authority."""
    if answer.flags & dns.flags.AA:
        for records in (*answer.answer, *answer.authority):
            if records.rdtype == dns.rdatatype.SOA and name.is_subdomain(records.name):
                return records.name
    return None


def _text(name: dns.name.Name) -> str:
    return name.to_text(omit_final_dot=True)


_NO_ADDRESS = "192.0.2.1"
"""Of a network for documentation (RFC 5737)."""
_SIGNATURES = {dns.rdatatype.RRSIG, dns.rdatatype.NSEC}
_PREREQUISITES = {dns.rcode.YXDOMAIN, dns.rcode.YXRRSET, dns.rcode.NXRRSET, dns.rcode.NXDOMAIN}
"""Answers to a prerequisite that is not met (RFC 2136 section 2.2)."""
