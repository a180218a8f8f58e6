"""One request to Rancher's host name at the virtual IP, and what its failure means. Needs no DNS."""

from __future__ import annotations

import contextlib
import socket
import ssl

from components.rancher.endpoint import RancherEndpoint
from components.runtime import tls
from components.runtime.errors import TransientError
from components.runtime.http import HttpClient, HttpError, Response

_SECONDS = 10.0
_BODY_BYTES = 64 * 1024


class ProbeError(TransientError):
    """The part that failed (``TCP``, ``TLS``, ``HTTP``), how, and the remedy."""

    def __init__(self, part: str, problem: str, remedy: str) -> None:
        """Make the error of one part."""
        super().__init__(f"{part}: {problem}. {remedy}", "endpoint")


def get(endpoint: RancherEndpoint, path: str = "/") -> Response:
    """An answer of any status over verified TLS, over a connection of its own; no body above 64 KiB.

    Raises:
        ProbeError: One of the three failed.
        ProviderError: The CA bundle cannot be read.
    """
    with HttpClient(endpoint.server()) as client:
        try:
            return client.request("GET", path, repeatable=False, most_bytes=_BODY_BYTES)
        except HttpError as error:
            if error.status:
                return Response(error.status, error.headers, error.body.encode())
            raise _explain(endpoint, error) from None


def _explain(endpoint: RancherEndpoint, error: HttpError) -> ProbeError:
    """Repeats the connection step by step, to find the one that fails."""
    try:
        with _connect(endpoint) as connection, _handshake(endpoint, connection):
            return ProbeError("HTTP", str(error), "See the log of the ingress pods")
    except ProbeError as found:
        return found


def _connect(endpoint: RancherEndpoint) -> socket.socket:
    try:
        return socket.create_connection((endpoint.address, endpoint.port), timeout=_SECONDS)
    except OSError as error:
        raise ProbeError(
            "TCP",
            f"{endpoint.address}:{endpoint.port} accepts no connection ({_reason(error)})",
            "Check that the ingress pods are ready, that the virtual server and its pool are up in the NSX-T "
            "manager, and that this machine has a route to the virtual IP",
        ) from None


def _handshake(endpoint: RancherEndpoint, connection: socket.socket) -> ssl.SSLSocket:
    context = tls.trust_only(endpoint.ca_bundle)
    try:
        return context.wrap_socket(connection, server_hostname=endpoint.hostname)
    except ssl.SSLCertVerificationError as error:
        from domain.certificates.presented import Presented  # noqa: PLC0415 - only after a failure

        shown, host, message = Presented.of(_presented(endpoint)), endpoint.hostname, error.verify_message
        remedy = shown.remedy(host, message, error.verify_code)
        raise ProbeError("TLS", shown.refusal(host, message), remedy) from None
    except (ssl.SSLError, OSError) as error:
        raise ProbeError(
            "TLS", f"the handshake failed ({_reason(error)})", "Check that the port is the one for HTTPS"
        ) from None


def _presented(endpoint: RancherEndpoint) -> bytes:
    """The certificate that the server presents, unverified: for the error message only."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    with (
        contextlib.suppress(OSError, ValueError, ProbeError),
        _connect(endpoint) as connection,
        context.wrap_socket(connection, server_hostname=endpoint.hostname) as secured,
    ):
        return secured.getpeercert(binary_form=True) or b""
    return b""


def _reason(error: OSError) -> str:
    if isinstance(error, TimeoutError):
        return f"no answer within {_SECONDS:g} s"
    words = getattr(error, "strerror", None) or getattr(error, "reason", None)
    return str(words or error or type(error).__name__)
