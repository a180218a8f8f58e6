"""One request to Rancher's host name at the virtual IP, and what its failure means. No DNS is needed."""

from __future__ import annotations

import contextlib
import http.client
import socket
import ssl
from dataclasses import dataclass

_SECONDS = 10.0
_BODY_BYTES = 4096
_NGINX_FAKE = "Kubernetes Ingress Controller Fake Certificate"
"""Subject of the certificate that ingress-nginx shows for a host that it has no certificate for."""


@dataclass(frozen=True)
class Target:
    """What is asked.

    Attributes:
        address: The virtual IP.
        port: Its port for HTTPS.
        hostname: Rancher's DNS name: SNI, Host header, and what the certificate must be for.
        ca_bundle: PEM of the only CAs to trust.
        path: Path of the request.
    """

    address: str
    port: int
    hostname: str
    ca_bundle: str
    path: str = "/"

    def __str__(self) -> str:
        return f"https://{self.hostname}{self.path} at {self.address}:{self.port}"


@dataclass(frozen=True)
class Answer:
    """An HTTP answer over verified TLS."""

    status: int
    body: str


class ProbeError(Exception):
    """The part that failed (``TCP``, ``TLS``, ``HTTP``), how, and the remedy."""

    def __init__(self, part: str, problem: str, remedy: str) -> None:
        """Make the error of one part."""
        super().__init__(f"{part}: {problem}. {remedy}")
        self.part = part


def ask(target: Target) -> Answer:
    """Connect, verify the certificate, and get the path.

    Raises:
        ProbeError: One of the three did not work.
    """
    with _connect(target) as plain, _secure(target, plain) as secured:
        connection = http.client.HTTPConnection(target.hostname, target.port, timeout=_SECONDS)
        connection.sock = secured
        host = target.hostname if target.port == 443 else f"{target.hostname}:{target.port}"
        try:
            connection.request("GET", target.path, headers={"Host": host, "Connection": "close"})
            response = connection.getresponse()
            return Answer(response.status, response.read(_BODY_BYTES).decode(errors="replace"))
        except (http.client.HTTPException, OSError) as error:
            raise ProbeError(
                "HTTP", f"no answer ({_words(error)})", "See the log of the ingress pods"
            ) from None


def trust(ca_bundle: str) -> ssl.SSLContext:
    """A context that trusts these CAs (PEM) and no others.

    Raises:
        ssl.SSLError: They cannot be read.
        ValueError: Likewise.
    """
    context = ssl.create_default_context(cadata=ca_bundle)
    # As curl and Rancher's agents do, whatever this Python's default is.
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    return context


def _connect(target: Target) -> socket.socket:
    try:
        return socket.create_connection((target.address, target.port), timeout=_SECONDS)
    except OSError as error:
        raise ProbeError(
            "TCP",
            f"{target.address}:{target.port} takes no connection ({_words(error)})",
            "Check that the ingress pods are ready, that the virtual server and its pool are up in the NSX-T "
            "manager, and that this machine is routed to the virtual IP",
        ) from None


def _secure(target: Target, plain: socket.socket) -> ssl.SSLSocket:
    try:
        context = trust(target.ca_bundle)
    except (ssl.SSLError, ValueError) as error:
        remedy = "Give the certificates of the CAs as PEM"
        raise ProbeError("TLS", f"the CA bundle cannot be read ({_words(error)})", remedy) from None
    try:
        return context.wrap_socket(plain, server_hostname=target.hostname)
    except ssl.SSLCertVerificationError as error:
        shown = _presented(target)
        raise ProbeError("TLS", _refusal(error, shown, target), _tls_remedy(error, shown, target)) from None
    except (ssl.SSLError, OSError) as error:
        raise ProbeError(
            "TLS", f"no handshake ({_words(error)})", "Check that the port is the one for HTTPS"
        ) from None


@dataclass(frozen=True)
class _Certificate:
    """What a server showed."""

    subject: str = ""
    issuer: str = ""
    names: tuple[str, ...] = ()
    ends: str = ""


def _presented(target: Target) -> _Certificate:
    """The certificate that the server shows, unverified: for the error message only."""
    from cryptography import x509  # noqa: PLC0415 - only after a failure

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    with contextlib.suppress(OSError, ValueError, ProbeError), _connect(target) as plain:
        with context.wrap_socket(plain, server_hostname=target.hostname) as secured:
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


def _refusal(error: ssl.SSLCertVerificationError, shown: _Certificate, target: Target) -> str:
    names = f" for {', '.join(shown.names)}" if shown.names else ""
    return (
        f"the certificate for {target.hostname} is refused ({error.verify_message}); the server shows "
        f"{shown.subject or 'one that cannot be read'}{names}, issued by {shown.issuer or '?'}, "
        f"valid until {shown.ends or '?'}"
    )


def _tls_remedy(error: ssl.SSLCertVerificationError, shown: _Certificate, target: Target) -> str:
    if _NGINX_FAKE in shown.subject:
        return (
            f"nginx has no certificate for {target.hostname}: check that the TLS secret of the Ingress "
            "exists in its namespace, and that the Ingress has the class nginx and this host"
        )
    if "expired" in error.verify_message or "not yet valid" in error.verify_message:
        return "Renew the certificate"
    if error.verify_code == _HOSTNAME_MISMATCH:
        return f"Another server than Rancher's answers, or the certificate lacks the name {target.hostname}"
    return "Give the CA bundle that this certificate was issued under, with the intermediates in the chain"


_HOSTNAME_MISMATCH = 62
"""OpenSSL's X509_V_ERR_HOSTNAME_MISMATCH."""


def _words(error: BaseException) -> str:
    if isinstance(error, TimeoutError):
        return f"no answer within {_SECONDS:g} s"
    return str(
        getattr(error, "strerror", None) or getattr(error, "reason", None) or error or type(error).__name__
    )
