"""What a resolver says of a name, and for how long it will go on saying so."""

from __future__ import annotations

import socket
from dataclasses import dataclass

import dns.exception
import dns.flags
import dns.message
import dns.rdatatype
import dns.resolver

from components.runtime.errors import ProviderError

_SECONDS = 10.0
_PORT = 53


@dataclass(frozen=True)
class Found:
    """An answer.

    Attributes:
        addresses: The addresses at the end of the name's aliases, sorted; empty for none.
        words: The answer in words, with the time for which the resolver may remember it.
        remembered: That time in seconds; 0 when the answer is the authoritative server's own.
    """

    addresses: tuple[str, ...]
    words: str
    remembered: int = 0


class Resolver:
    """A resolver that clients use. It is asked in the plain way, as they do it."""

    def __init__(self, address: str) -> None:
        """Make a client; nothing is asked.

        Args:
            address: ``host`` or ``host:port``; empty: the system's resolvers.
        """
        self._address = address

    def lookup(self, hostname: str) -> Found:
        """The name's addresses now.

        Raises:
            ProviderError: No resolver answers.
        """
        who = f"resolver {self._address}" if self._address else "the system's resolver"
        try:
            answer = self._resolver().resolve(f"{hostname}.", "A", raise_on_no_answer=False, search=False)
        except dns.resolver.NXDOMAIN as error:
            response = next(iter(error.responses().values()))  # type: ignore[no-untyped-call]
            return _found(f"{who} does not know it", (), response, _negative_ttl(response))
        except (dns.exception.DNSException, OSError) as error:
            raise ProviderError(f"{who} gives no answer for {hostname} ({error})") from None
        if answer.rrset is None:
            response = answer.response
            return _found(f"{who} knows no address of it", (), response, _negative_ttl(response))
        addresses = tuple(sorted(item.to_text() for item in answer.rrset))
        # The least TTL on the way: an alias may be forgotten before what it leads to.
        ttl = min(records.ttl for records in answer.response.answer)
        return _found(f"{who} says {', '.join(addresses)}", addresses, answer.response, ttl)

    def _resolver(self) -> dns.resolver.Resolver:
        made = dns.resolver.Resolver(configure=not self._address)
        made.lifetime = _SECONDS
        if self._address:
            host, _, port = self._address.partition(":")
            made.port = int(port or _PORT)
            made.nameservers = [str(socket.getaddrinfo(host, made.port)[0][4][0])]
        return made


def _found(words: str, addresses: tuple[str, ...], response: dns.message.Message, ttl: int) -> Found:
    if response.flags & dns.flags.AA:
        return Found(addresses, f"{words} (TTL {ttl} s)")
    return Found(addresses, f"{words}, and may remember that for {ttl} s more", ttl)


def _negative_ttl(response: dns.message.Message) -> int:
    """For how long "there is none" is remembered: RFC 2308 section 5."""
    for records in response.authority:
        if records.rdtype == dns.rdatatype.SOA:
            return int(min(records.ttl, records[0].minimum))
    return 0
