"""HTTPS requests of the commands, with the error texts of Go's HTTP client."""

from __future__ import annotations

import base64
import http.client
import socket
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode, urlsplit

_TIMEOUT_SECONDS = 120.0


class UnreachableError(Exception):
    """There is no response: the address, the connection or the certificate is invalid."""


@dataclass(frozen=True)
class Answer:
    """Status, body and headers of a response."""

    status: int
    reason: str
    body: bytes
    headers: Mapping[str, str]


def trust(ca_pem: str = "", *, verify: bool = True) -> ssl.SSLContext:
    """Returns a TLS context that trusts this CA, by default the system's CAs, or anything without ``verify``.

    Raises:
        UnreachableError: The CA is not a PEM certificate.
    """
    if not verify:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        return context
    try:
        return ssl.create_default_context(cadata=ca_pem or None)
    except (ssl.SSLError, ValueError):
        raise UnreachableError("failed to parse the CA certificate: no PEM data") from None


def call(
    method: str, url: str, tls: ssl.SSLContext, headers: Mapping[str, str], body: bytes | None = None
) -> Answer:
    """Sends one request; redirects are not followed.

    Raises:
        UnreachableError: There is no response.
    """
    parts = urlsplit(url)
    where = f'{method.title()} "{url}"'
    connection = http.client.HTTPSConnection(
        parts.hostname or "", parts.port or 443, timeout=_TIMEOUT_SECONDS, context=tls
    )
    try:
        connection.request(
            method, parts.path + (f"?{parts.query}" if parts.query else ""), body, dict(headers)
        )
        response = connection.getresponse()
        return Answer(response.status, response.reason, response.read(), dict(response.getheaders()))
    except ssl.SSLCertVerificationError as error:
        reason = "certificate signed by unknown authority"
        if "match" in error.verify_message:
            reason = f"certificate is not valid for {parts.hostname}"
        raise UnreachableError(f"{where}: x509: {reason}") from None
    except socket.gaierror:
        raise UnreachableError(f"{where}: dial tcp: lookup {parts.hostname}: no such host") from None
    except ConnectionRefusedError:
        address = f"{parts.hostname}:{parts.port}"
        raise UnreachableError(f"{where}: dial tcp {address}: connect: connection refused") from None
    except TimeoutError:
        raise UnreachableError(f"{where}: i/o timeout") from None
    except (OSError, http.client.HTTPException) as error:
        raise UnreachableError(f"{where}: unexpected EOF ({error})") from None
    finally:
        connection.close()


def ask_token(uaa: str, tls: ssl.SSLContext, form: Mapping[str, str], client: tuple[str, str]) -> Answer:
    """Asks a UAA for tokens.

    Raises:
        UnreachableError: There is no response.
    """
    headers = {
        "Authorization": f"Basic {base64.b64encode(':'.join(client).encode()).decode()}",
        "Content-Type": "application/x-www-form-urlencoded",
        "Accept": "application/json",
    }
    return call("POST", f"{uaa}/oauth/token", tls, headers, urlencode(form).encode())
