"""Signed DNS messages to one server, over TCP (RFC 8945)."""

from __future__ import annotations

import socket
import time

import dns.exception
import dns.message
import dns.name
import dns.query
import dns.rcode
import dns.tsig

from components.dns.credentials import TSIG
from components.runtime.credentials import require
from components.runtime.errors import ProviderError, TransientError
from components.runtime.waiting import retry
from domain.credentials import Login
from domain.dns import DEFAULT_TSIG_ALGORITHM, tsig_algorithm_problem, tsig_secret_problem
from domain.urls import host_and_port

_SECONDS = 5.0
PORT = 53
_UNSIGNED = {dns.rcode.REFUSED, dns.rcode.NOTAUTH, dns.rcode.FORMERR, dns.rcode.NOTIMP}
"""Only refusals may be unsigned."""


class Transport:
    """Sends messages that are safe to repeat."""

    def __init__(self, server: str, login: Login) -> None:
        """Make a client; nothing is sent.

        Args:
            server: ``host`` or ``host:port``.
            login: The key. It signs every message, so that a server with views uses the same one for all.

        Raises:
            ProviderError: The TSIG key is missing or invalid.
        """
        require(login, "name", "secret")
        self.server, self.key_name = server, login["name"]
        algorithm, secret = login["algorithm"] or DEFAULT_TSIG_ALGORITHM, login["secret"]
        if problem := tsig_algorithm_problem(algorithm, TSIG.where("algorithm")) or tsig_secret_problem(
            secret, TSIG.where("secret")
        ):
            raise ProviderError(str(problem))
        try:
            self.key = dns.tsig.Key(dns.name.from_text(self.key_name), secret, algorithm)
        except dns.exception.DNSException as error:
            raise ProviderError(
                f"{TSIG.where('name')}: {self.key_name!r} is not a DNS name ({error}). Use the name of the "
                "key on the server"
            ) from None

    def exchange(self, message: dns.message.Message) -> dns.message.Message:
        """The answer to a message.

        Raises:
            ProviderError: No answer, or one that cannot be trusted.
        """
        return retry(lambda: self._once(message))

    def _once(self, message: dns.message.Message) -> dns.message.Message:
        host, port = host_and_port(self.server, PORT)
        try:
            address = str(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][4][0])
            answer = _ask(message, address, port)
        except dns.tsig.PeerError as error:
            raise ProviderError(self._tsig_problem(error)) from None
        except dns.exception.Timeout:
            raise self._unreachable(f"no answer within {_SECONDS:g} s") from None
        except OSError as error:
            raise self._unreachable(error.strerror or str(error)) from None
        except EOFError:
            raise self._unreachable("it closed the connection") from None
        except dns.exception.DNSException as error:
            raise ProviderError(
                f"the answer of DNS server {self.server} cannot be used ({type(error).__name__}). Check that "
                f"it is a DNS server, and {TSIG.where('secret', 'algorithm')}",
                "server",
            ) from None
        if answer.rcode() == dns.rcode.SERVFAIL:
            raise self._unreachable("it answers SERVFAIL; see its log")
        if not answer.had_tsig and answer.rcode() not in _UNSIGNED:
            raise ProviderError(
                f"the answer of DNS server {self.server} is not signed with TSIG key {self.key_name}, so it "
                "is not trusted. Use the zone's primary server, with nothing in between",
                "server",
            )
        return answer

    def _unreachable(self, reason: str) -> TransientError:
        port = host_and_port(self.server, PORT)[1]
        return TransientError(
            f"DNS server {self.server} is unreachable ({reason}). Check its address and that this machine "
            f"can connect to its TCP port {port}, then run the command again",
            "server",
        )

    def _tsig_problem(self, error: dns.tsig.PeerError) -> str:
        start = f"DNS server {self.server} does not accept TSIG key {self.key_name}"
        match error:
            case dns.tsig.PeerBadKey():
                return (
                    f"{start} (BADKEY): it has no key with this name and algorithm, or does not allow it to "
                    f"update the zone (Knot DNS: acl). Check {TSIG.where('name', 'algorithm')}"
                )
            case dns.tsig.PeerBadSignature():
                return f"{start} (BADSIG): it has another secret. Check {TSIG.where('secret')}"
            case dns.tsig.PeerBadTime():
                return f"{start} (BADTIME): its clock and this machine's differ too much. Set both clocks"
        return f"{start} ({error}). See the server's log"


def _ask(message: dns.message.Message, address: str, port: int) -> dns.message.Message:
    """The answer to a message; a signature that it has is verified.

    ``dns.query.tcp`` has no answer for a message without a signature, not even for a refusal.
    """
    deadline = time.time() + _SECONDS
    wire = message.to_wire()
    with socket.create_connection((address, port), timeout=_SECONDS) as connection:
        connection.setblocking(False)  # as dnspython needs it
        dns.query.send_tcp(connection, wire, deadline)
        answer, _ = dns.query.receive_tcp(connection, deadline, keyring=False)  # type: ignore[arg-type]
    if not message.is_response(answer):
        raise dns.query.BadResponse
    if not answer.had_tsig:
        return answer
    return dns.message.from_wire(answer.wire or b"", keyring=message.keyring, request_mac=message.mac)
