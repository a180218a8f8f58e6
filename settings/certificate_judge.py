"""OpenSSL's verdict on a server's certificate: a TLS handshake in memory, without a network.

The server side loads chain and key as nginx does; the client side trusts the CA certificates as curl does and
verifies chain and host name. Where the key is not at hand (it is in the stack's state), the server's part of
the handshake is written here: a client verifies the chain before it asks for proof of the key.
"""

from __future__ import annotations

import ssl
import struct
from contextlib import ExitStack
from tempfile import TemporaryFile

_ROUNDS = 4
_ACCEPTED = ""


def openssl(chain: str, private_key: str, ca_certificates: str, hostname: str) -> str:
    """Why OpenSSL refuses the server; empty if it accepts. See ``domain.certificates.verdict.OpenSSL``."""
    try:
        client = _client(ca_certificates)
        if private_key:
            return _handshake(client, _server(chain, private_key), hostname)
        return _replay(client, chain, hostname)
    except ssl.SSLCertVerificationError as error:
        return error.verify_message
    except ssl.SSLError as error:
        return str(error.reason or error).lower().replace("_", " ")
    except (ValueError, UnicodeError) as error:
        return f"invalid host name: {error}"


def _client(ca_certificates: str) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.hostname_checks_common_name = False
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN  # as curl and Go: an anchor need not be a root
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    context.load_verify_locations(cadata=ca_certificates)
    return context


def _server(chain: str, private_key: str) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with ExitStack() as stack:
        # OpenSSL reads files only: these have no name, so that nothing outlives this process.
        chain_file, key_file = (stack.enter_context(TemporaryFile("w+")) for _ in range(2))
        for file, text in ((chain_file, chain), (key_file, private_key)):
            file.write(text)
            file.seek(0)
        context.load_cert_chain(f"/dev/fd/{chain_file.fileno()}", f"/dev/fd/{key_file.fileno()}")
    return context


def _handshake(client: ssl.SSLContext, server: ssl.SSLContext, hostname: str) -> str:
    to_client, to_server = ssl.MemoryBIO(), ssl.MemoryBIO()
    ends = [
        client.wrap_bio(to_client, to_server, server_hostname=hostname),
        server.wrap_bio(to_server, to_client, server_side=True),
    ]
    for end in ends * _ROUNDS:
        try:
            end.do_handshake()
        except ssl.SSLWantReadError:
            continue
    return _ACCEPTED if ends[0].version() and ends[0].getpeercert() else "the handshake does not end"


# TLS 1.2 (RFC 5246, RFC 8422): ECDHE with AES-128-GCM, with ECDSA and with RSA.
_SUITES = (0xC02B, 0xC02F)
_RENEGOTIATION_INFO = bytes.fromhex("ff01000100")


def _replay(client: ssl.SSLContext, chain: str, hostname: str) -> str:
    """Send ServerHello and Certificate: the client refuses the chain, or waits for the key exchange."""
    client.maximum_version = ssl.TLSVersion.TLSv1_2
    refusal = ""
    for suite in _SUITES:
        to_client, from_client = ssl.MemoryBIO(), ssl.MemoryBIO()
        end = client.wrap_bio(to_client, from_client, server_hostname=hostname)
        to_client.write(_hello(suite) + _certificates(chain))
        try:
            end.do_handshake()
        except ssl.SSLWantReadError:
            return _ACCEPTED
        except ssl.SSLCertVerificationError:
            raise
        except ssl.SSLError as error:  # the suite is for another kind of key
            refusal = str(error.reason or error).lower().replace("_", " ")
    return refusal


def _hello(suite: int) -> bytes:
    extensions = struct.pack(">H", len(_RENEGOTIATION_INFO)) + _RENEGOTIATION_INFO
    body = struct.pack(">H32sBHB", 0x0303, bytes(range(32)), 0, suite, 0) + extensions
    return _record(2, body)


def _certificates(chain: str) -> bytes:
    marker = "-----END CERTIFICATE-----"
    encoded = [
        ssl.PEM_cert_to_DER_cert(block.strip() + marker) for block in chain.split(marker) if block.strip()
    ]
    return _record(11, _vector(b"".join(_vector(der) for der in encoded)))


def _vector(content: bytes) -> bytes:
    return len(content).to_bytes(3, "big") + content


def _record(kind: int, body: bytes) -> bytes:
    message = bytes([kind]) + _vector(body)
    limit = 1 << 14
    parts = [message[start : start + limit] for start in range(0, len(message), limit)]
    return b"".join(struct.pack(">BHH", 22, 0x0303, len(part)) + part for part in parts)
