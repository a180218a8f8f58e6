"""One authoritative DNS server, asked and changed by signed messages (RFC 2136, RFC 8945)."""

from __future__ import annotations

import socket
import time
from dataclasses import dataclass

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.query
import dns.rcode
import dns.rdatatype
import dns.rrset
import dns.tsig
import dns.update

from components.dns.credentials import TsigKey
from components.runtime.errors import ProviderError

_SECONDS = 5.0
_ATTEMPTS = 3
_PAUSE = 1.0
_PORT = 53

Held = dict[str, list[str]]
"""What a name holds: record type -> values, sorted."""


class DnsError(ProviderError):
    """The server refused or did not answer; the message says what to do."""


@dataclass(frozen=True)
class Live:
    """The live address record."""

    addresses: tuple[str, ...]
    ttl: int


class Server:
    """The primary server of a zone. Every message is signed and goes over TCP."""

    def __init__(self, server: str, key: TsigKey) -> None:
        """Make a client; nothing is asked.

        Args:
            server: ``host`` or ``host:port``.
            key: Signs every message, so that a server with views takes them all to the same one.
        """
        self._name = server
        self._key_name = key.name
        self._key = dns.tsig.Key(dns.name.from_text(key.name), key.secret, key.algorithm)

    def zone_of(self, hostname: str) -> str:
        """The closest zone above ``hostname`` that the server is authoritative for, without final dot.

        Raises:
            DnsError: It has none, or has delegated the name to other servers.
        """
        name = dns.name.from_text(hostname)
        while len(name) > 1:
            answer = self._query(name, "SOA")
            if answer.rcode() in {dns.rcode.NOERROR, dns.rcode.NXDOMAIN}:
                records = [*answer.answer, *answer.authority]
                if answer.flags & dns.flags.AA:
                    for records_of_name in records:
                        owner = records_of_name.name
                        if records_of_name.rdtype == dns.rdatatype.SOA and name.is_subdomain(owner):
                            return _text(owner)
                elif servers := [item for item in records if item.rdtype == dns.rdatatype.NS]:
                    raise DnsError(
                        f"DNS server {self._name} has delegated {_text(servers[0].name)} to "
                        f"{', '.join(_text(item.target) for item in servers[0])}. "
                        "Set config dnsServer to that zone's primary server"
                    )
            name = name.parent()
        raise DnsError(
            f"DNS server {self._name} is not authoritative for {hostname} or any domain above it. Set config "
            "dnsServer to the primary server of its zone, or dnsZone if that does not answer queries"
        )

    def addresses(self, hostname: str) -> Live | None:
        """The name's A record; None when there is none (or when the name is an alias).

        Raises:
            DnsError: The server does not answer with authority.
        """
        name = dns.name.from_text(hostname)
        answer = self._query(name, "A")
        code = answer.rcode()
        if code not in {dns.rcode.NOERROR, dns.rcode.NXDOMAIN} or not answer.flags & dns.flags.AA:
            raise DnsError(
                f"DNS server {self._name} does not answer for {hostname} with authority "
                f"({dns.rcode.to_text(code)}). Set config dnsServer to the primary server of its zone"
            )
        for records in answer.answer:
            if records.name == name and records.rdtype == dns.rdatatype.A:
                return Live(tuple(sorted(item.to_text() for item in records)), records.ttl)
        return None

    def held(self, hostname: str) -> Held:
        """Everything that the name holds, as far as the server tells it."""
        name = dns.name.from_text(hostname)
        answer = self._query(name, "ANY")
        records = [item for item in answer.answer if item.name == name]
        return {
            dns.rdatatype.to_text(item.rdtype): sorted(value.to_text() for value in item)
            for item in records
            if item.rdtype not in {dns.rdatatype.RRSIG, dns.rdatatype.NSEC}
        }

    def check_update(self, zone: str) -> None:
        """Whether the server takes updates of the zone with this key; it is asked for one that is empty.

        Raises:
            DnsError: It does not.
        """
        self._update(self._message(zone), zone)

    def ensure(self, zone: str, hostname: str, known: tuple[str, ...], address: str, ttl: int) -> None:
        """Make ``hostname`` lead to ``address`` and nowhere else, unless it is held by another record.

        Each try is one update whose prerequisites the server checks in the same moment.

        Args:
            zone: The zone to change.
            hostname: Name of the record.
            known: Addresses that the stack knows the record to have; empty when it knows of none.
            address: The wanted IPv4 address.
            ttl: Seconds.

        Raises:
            DnsError: The name is held by another record, or the server refuses the change.
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
        problem = self.held_problem(hostname, self.held(hostname))
        raise DnsError(
            f"{problem}. If it is this stack's own and was changed by someone else, run `pulumi refresh` "
            "first"
        )

    def held_problem(self, hostname: str, held: Held) -> str:
        """What is said when a name is not to be had."""
        words = "; ".join(f"{kind} {', '.join(values)}" for kind, values in held.items())
        return (
            f"the DNS name {hostname} is already held by another record ({words or 'of unknown type'}) on "
            f"{self._name}; it is left alone. Remove that record, or choose another name"
        )

    def remove(self, zone: str, hostname: str, addresses: tuple[str, ...]) -> None:
        """Remove these addresses of the name; what is gone already, or another's, is left as it is.

        Raises:
            DnsError: The server refuses the change.
        """
        message = self._message(zone)
        message.delete(dns.name.from_text(hostname), "A", *addresses)
        self._update(message, zone)

    def _message(self, zone: str) -> dns.update.UpdateMessage:
        return dns.update.UpdateMessage(dns.name.from_text(zone), keyring=self._key)

    def _query(self, name: dns.name.Name, kind: str) -> dns.message.Message:
        message = dns.message.make_query(name, kind, flags=0)
        message.use_tsig(self._key)
        return self._exchange(message)

    def _update(self, message: dns.update.UpdateMessage, zone: str) -> bool:
        """Send an update; False when a prerequisite does not hold."""
        answer = self._exchange(message)
        code = answer.rcode()
        if code == dns.rcode.NOERROR:
            return True
        if code in _PREREQUISITES:
            return False
        text = dns.rcode.to_text(code)
        remedy = _REMEDIES.get(code, "See the server's log").format(zone=zone, key=self._key_name)
        raise DnsError(f"DNS server {self._name} refuses to update zone {zone} ({text}). {remedy}")

    def _exchange(self, message: dns.message.Message) -> dns.message.Message:
        """Send a message; repeated when there is no answer, which does no harm to these messages."""
        host, port = split(self._name)
        problem = ""
        for attempt in range(_ATTEMPTS):
            if attempt:
                time.sleep(_PAUSE)
            try:
                where = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][4][0]
                answer = dns.query.tcp(message, str(where), timeout=_SECONDS, port=port)
            except dns.tsig.PeerError as error:
                raise DnsError(self._tsig_problem(error)) from None
            except dns.exception.Timeout:
                problem = f"no answer within {_SECONDS:g} s"
            except OSError as error:
                problem = error.strerror or str(error)
            except EOFError:
                problem = "it hung up"
            except dns.exception.DNSException as error:
                raise DnsError(
                    f"DNS server {self._name}: its answer cannot be used ({type(error).__name__}). Check "
                    "that config dnsServer names a DNS server, and the secret and algorithm of the TSIG key"
                ) from None
            else:
                if answer.rcode() != dns.rcode.SERVFAIL:
                    return self._signed(answer)
                problem = "it answers SERVFAIL: see its log"
        raise DnsError(
            f"DNS server {self._name} cannot be used ({problem}). Check config dnsServer and that this "
            f"machine reaches its TCP port {port}, then run the command again"
        )

    def _signed(self, answer: dns.message.Message) -> dns.message.Message:
        """Refusals may come unsigned; what is believed must not."""
        if not answer.had_tsig and answer.rcode() not in _UNSIGNED:
            raise DnsError(
                f"DNS server {self._name}: its answer is not signed with TSIG key {self._key_name}, so it is "
                "not trusted. Check that config dnsServer names the zone's server and nothing between"
            )
        return answer

    def _tsig_problem(self, error: dns.tsig.PeerError) -> str:
        start = f"DNS server {self._name} does not accept TSIG key {self._key_name}"
        match error:
            case dns.tsig.PeerBadKey():
                return (
                    f"{start} (BADKEY): it has no key of this name and algorithm. Check config dnsTsigName "
                    "and dnsTsigAlgorithm"
                )
            case dns.tsig.PeerBadSignature():
                return f"{start} (BADSIG): the secret is another one. Check config dnsTsigSecret"
            case dns.tsig.PeerBadTime():
                return f"{start} (BADTIME): its clock and this machine's differ too much. Set both clocks"
        return f"{start} ({error}). See the server's log"


def split(server: str) -> tuple[str, int]:
    """Host and port of ``host`` or ``host:port``."""
    host, _, port = server.partition(":")
    return host, int(port or _PORT)


def _text(name: dns.name.Name) -> str:
    return name.to_text(omit_final_dot=True)


# RFC 2136 section 2.2: what an unfulfilled prerequisite is answered with.
_PREREQUISITES = {dns.rcode.YXDOMAIN, dns.rcode.YXRRSET, dns.rcode.NXRRSET, dns.rcode.NXDOMAIN}
_UNSIGNED = {dns.rcode.REFUSED, dns.rcode.NOTAUTH, dns.rcode.FORMERR, dns.rcode.NOTIMP}
_REMEDIES = {
    dns.rcode.REFUSED: "Allow key {key} to update it (BIND: allow-update or update-policy)",
    dns.rcode.NOTAUTH: "It is not authoritative for the zone: set config dnsServer to the zone's primary "
    "server, or dnsZone to a zone of this one",
    dns.rcode.NOTZONE: "The name is not in the zone: set config dnsZone to the zone that holds it",
    dns.rcode.NOTIMP: "It does not know dynamic updates: set config dnsServer to the zone's primary server, "
    "or dnsMode to command",
}
