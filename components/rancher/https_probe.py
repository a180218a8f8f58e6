"""One request to Rancher's host name at the virtual IP, and what its failure means. Needs no DNS."""

from __future__ import annotations

import contextlib
import socket
import ssl
from dataclasses import dataclass

from components.rancher.endpoint import RancherEndpoint
from components.runtime import tls
from components.runtime.errors import TransientError
from components.runtime.http import HttpClient, HttpError

_SECONDS = 10.0
_BODY_BYTES = 64 * 1024
_NGINX_FAKE = "Kubernetes Ingress Controller Fake Certificate"
"""Subject of the certificate that ingress-nginx sends for a host that it has no certificate for."""
_HOSTNAME_MISMATCH = 62
"""OpenSSL's X509_V_ERR_HOSTNAME_MISMATCH."""


@dataclass(frozen=True)
class Answer:
    """An HTTP answer over verified TLS. A body above 64 KiB is left out."""

    status: int
    body: str


class ProbeError(TransientError):
    """The part that failed (``TCP``, ``TLS``, ``HTTP``), how, and the remedy."""

    def __init__(self, part: str, problem: str, remedy: str) -> None:
        """Make the error of one part."""
        super().__init__(f"{part}: {problem}. {remedy}", "endpoint")
        self.part = part


def get(endpoint: RancherEndpoint, path: str = "/") -> Answer:
    """Connects, verifies the certificate, and gets the path, over a connection of its own.

    Raises:
        ProbeError: One of the three failed.
        ProviderError: The CA bundle cannot be read.
    """
    with HttpClient(endpoint.server()) as client:
        try:
            answer = client.request("GET", path, repeatable=False, most_bytes=_BODY_BYTES)
        except HttpError as error:
            if error.status:
                return Answer(error.status, error.body)
            raise _explain(endpoint, error) from None
        return Answer(answer.status, answer.text)


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
        shown = _presented(endpoint)
        raise ProbeError("TLS", _refusal(error, shown, endpoint), _remedy(error, shown, endpoint)) from None
    except (ssl.SSLError, OSError) as error:
        raise ProbeError(
            "TLS", f"the handshake failed ({_reason(error)})", "Check that the port is the one for HTTPS"
        ) from None


@dataclass(frozen=True)
class _Certificate:
    """What a server presents."""

    subject: str = ""
    issuer: str = ""
    names: tuple[str, ...] = ()
    ends: str = ""


def _presented(endpoint: RancherEndpoint) -> _Certificate:
    """The certificate that the server presents, unverified: for the error message only."""
    from cryptography import x509  # noqa: PLC0415 - only after a failure

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    with contextlib.suppress(OSError, ValueError, ProbeError), _connect(endpoint) as connection:
        with context.wrap_socket(connection, server_hostname=endpoint.hostname) as secured:
            encoded = secured.getpeercert(binary_form=True)
        certificate = x509.load_der_x509_certificate(encoded or b"")
        names: tuple[str, ...] = ()
        with contextlib.suppress(x509.ExtensionNotFound):
            extension = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
            names = tuple(extension.value.get_values_for_type(x509.DNSName))
        return _Certificate(
            certificate.subject.rfc4514_string(),
            certificate.issuer.rfc4514_string(),
            names,
            f"{certificate.not_valid_after_utc:%Y-%m-%d}",
        )
    return _Certificate()


def _refusal(error: ssl.SSLCertVerificationError, shown: _Certificate, endpoint: RancherEndpoint) -> str:
    names = f" for {', '.join(shown.names)}" if shown.names else ""
    return (
        f"the certificate for {endpoint.hostname} is not trusted ({error.verify_message}); the server "
        f"presents {shown.subject or 'one that cannot be read'}{names}, issued by {shown.issuer or '?'}, "
        f"valid until {shown.ends or '?'}"
    )


def _remedy(error: ssl.SSLCertVerificationError, shown: _Certificate, endpoint: RancherEndpoint) -> str:
    if _NGINX_FAKE in shown.subject:
        return (
            f"nginx has no certificate for {endpoint.hostname}: check that the TLS secret of the Ingress "
            "exists in its namespace, and that the Ingress has the class nginx and this host"
        )
    if "expired" in error.verify_message or "not yet valid" in error.verify_message:
        return "Renew the certificate"
    if error.verify_code == _HOSTNAME_MISMATCH:
        return f"Another server than Rancher answers, or the certificate lacks the name {endpoint.hostname}"
    return "Give the CA bundle that this certificate was issued under, with the intermediates in the chain"


def _reason(error: OSError) -> str:
    if isinstance(error, TimeoutError):
        return f"no answer within {_SECONDS:g} s"
    return str(
        getattr(error, "strerror", None) or getattr(error, "reason", None) or error or type(error).__name__
    )
