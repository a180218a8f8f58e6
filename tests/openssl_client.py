"""A second opinion: a TLS handshake in memory, verified by OpenSSL (the client that curl and nginx use)."""

from __future__ import annotations

import ssl
import tempfile
from collections.abc import Sequence
from pathlib import Path

from tests.pki import HOST, Identity


def refusal(
    chain: Sequence[Identity], bundle: Sequence[Identity], hostname: str = HOST, key: str | None = None
) -> str | None:
    """Why a client that trusts ``bundle`` refuses a server with ``chain``; ``None`` if it does not."""
    client = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    # As Go does: the common name is no host name.
    client.hostname_checks_common_name = False
    # As curl does: a trusted certificate need not be a root.
    client.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    if bundle:
        client.load_verify_locations(cadata="".join(ca.pem for ca in bundle))
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "server.pem")
        file.write_text((key or chain[0].key_pem) + "".join(part.pem for part in chain))
        try:
            server.load_cert_chain(file)
        except ssl.SSLError as error:
            return f"server: {error.reason}"
    return _handshake(client, server, hostname)


def _handshake(client: ssl.SSLContext, server: ssl.SSLContext, hostname: str) -> str | None:
    to_client, to_server = ssl.MemoryBIO(), ssl.MemoryBIO()
    try:
        ends = [
            client.wrap_bio(to_client, to_server, server_hostname=hostname),
            server.wrap_bio(to_server, to_client, server_side=True),
        ]
    except (ValueError, UnicodeError) as error:
        return f"not a host name: {error}"
    for end in ends * 3:
        try:
            end.do_handshake()
        except ssl.SSLWantReadError:
            continue
        except ssl.SSLCertVerificationError as error:
            return error.verify_message
        except ssl.SSLError as error:
            return str(error.reason)
    return None
