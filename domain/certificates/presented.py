"""The certificate that a server presents and a client refuses: why, and what to do."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass

from cryptography import x509

from domain.certificates.certificate import UNREADABLE

_NGINX_FAKE = "Kubernetes Ingress Controller Fake Certificate"
"""Subject of the certificate that ingress-nginx sends for a host that it has no certificate for."""
_HOSTNAME_MISMATCH = 62
"""OpenSSL's X509_V_ERR_HOSTNAME_MISMATCH."""


@dataclass(frozen=True)
class Presented:
    """What of the certificate is shown; everything is empty when it cannot be read."""

    subject: str = ""
    issuer: str = ""
    names: tuple[str, ...] = ()
    ends: str = ""

    @classmethod
    def of(cls, der: bytes) -> Presented:
        """What an encoded certificate says, which nobody has verified."""
        try:
            certificate = x509.load_der_x509_certificate(der)
            subject, issuer = certificate.subject.rfc4514_string(), certificate.issuer.rfc4514_string()
            names: tuple[str, ...] = ()
            with suppress(x509.ExtensionNotFound):
                extension = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
                names = tuple(extension.value.get_values_for_type(x509.DNSName))
            return cls(subject, issuer, names, f"{certificate.not_valid_after_utc:%Y-%m-%d}")
        except UNREADABLE:
            return cls()

    def refusal(self, hostname: str, message: str) -> str:
        """Why the certificate is refused; ``message`` is OpenSSL's."""
        names = f" for {', '.join(self.names)}" if self.names else ""
        return (
            f"the certificate for {hostname} is not trusted ({message}); the server "
            f"presents {self.subject or 'one that cannot be read'}{names}, issued by {self.issuer or '?'}, "
            f"valid until {self.ends or '?'}"
        )

    def remedy(self, hostname: str, message: str, code: int) -> str:
        """What to do about it; ``message`` and ``code`` are OpenSSL's."""
        if _NGINX_FAKE in self.subject:
            return (
                f"nginx has no certificate for {hostname}: check that the TLS secret of the Ingress "
                "exists in its namespace, and that the Ingress has the class nginx and this host"
            )
        if "expired" in message or "not yet valid" in message:
            return "Renew the certificate"
        if code == _HOSTNAME_MISMATCH:
            return f"Another server than Rancher answers, or the certificate lacks the name {hostname}"
        return (
            "Give the CA bundle that this certificate was issued under, with the intermediates in the chain"
        )
