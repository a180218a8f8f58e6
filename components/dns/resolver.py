"""Client of a DNS resolver: the addresses of a name, and how long the resolver may cache its answer."""

from __future__ import annotations

import socket
from dataclasses import dataclass

import dns.exception
import dns.flags
import dns.message
import dns.rdatatype
import dns.resolver

from components.dns.transport import PORT
from components.runtime.errors import TransientError
from domain.urls import host_and_port

_SECONDS = 10.0


@dataclass(frozen=True)
class Answer:
    """An answer.

    Attributes:
        addresses: The addresses at the end of the name's aliases, sorted; empty for none.
        words: The answer in words, with the time for which the resolver may cache it.
        cached_seconds: That time; 0 if the answer is the authoritative server's own.
    """

    addresses: tuple[str, ...]
    words: str
    cached_seconds: int = 0


def lookup(hostname: str, resolver: str) -> Answer:
    """The name's addresses now, as clients get them.

    Args:
        hostname: The name.
        resolver: The resolver to ask, ``host`` or ``host:port``; empty: the system's.

    Raises:
        ProviderError: No resolver answers.
    """
    who = f"resolver {resolver}" if resolver else "the system's resolver"
    try:
        answer = _client(resolver).resolve(f"{hostname}.", "A", raise_on_no_answer=False, search=False)
    except dns.resolver.NXDOMAIN as error:
        response = next(iter(error.responses().values()))  # type: ignore[no-untyped-call]
        return _answer(f"{who} does not know it", (), response, _negative_ttl(response))
    except (dns.exception.DNSException, OSError) as error:
        raise TransientError(f"{who} gives no answer for {hostname} ({error})", "resolver") from None
    response = answer.response
    if answer.rrset is None:
        return _answer(f"{who} knows no address of it", (), response, _negative_ttl(response))
    addresses = tuple(sorted(item.to_text() for item in answer.rrset))
    # The least TTL on the way: an alias may expire before its target.
    ttl = min(records.ttl for records in response.answer)
    return _answer(f"{who} returns {', '.join(addresses)}", addresses, response, ttl)


def _client(resolver: str) -> dns.resolver.Resolver:
    made = dns.resolver.Resolver(configure=not resolver)
    made.lifetime = _SECONDS
    if resolver:
        host, made.port = host_and_port(resolver, PORT)
        made.nameservers = [str(socket.getaddrinfo(host, made.port)[0][4][0])]
    return made


def _answer(words: str, addresses: tuple[str, ...], response: dns.message.Message, ttl: int) -> Answer:
    if response.flags & dns.flags.AA:
        return Answer(addresses, f"{words} (TTL {ttl} s)")
    return Answer(addresses, f"{words}, and may cache that for {ttl} s more", ttl)


def _negative_ttl(response: dns.message.Message) -> int:
    """How long the absence of a name may be cached: RFC 2308 section 5."""
    for records in response.authority:
        if records.rdtype == dns.rdatatype.SOA:
            return int(min(records.ttl, records[0].minimum))
    return 0
