"""``RequestedCertificate``: key and request are created, and a CA outside the stack signs the request."""

from __future__ import annotations

import pulumi
from cryptography import x509
from cryptography.hazmat.primitives import serialization

from components.certificates import issuance
from components.certificates.source import CertificateSource, Issued
from domain.certificates.certificate import name_text, public_key_der


class RequestError(pulumi.RunError):
    """The signed certificate is not for the request of this stack."""


class RequestedCertificate(CertificateSource):
    """Waits for the signed certificate, and accepts only one for its own key."""

    def issue(self, name: str, parent: pulumi.Resource) -> Issued:
        key, request = issuance.request(name, self.issuance, parent=parent)
        bundle = pulumi.Output.from_input(self.material.ca_certificates)
        signed = self.material.chain
        if not signed:
            return Issued(bundle, csr=request.cert_request_pem)
        known: pulumi.Output[bool] = pulumi.Output.from_input(
            _refuse_before_request(signed, key.public_key_pem)
        )
        chain = pulumi.Output.all(key.public_key_pem, known).apply(lambda both: _for_key(signed, both[0]))
        return Issued(bundle, chain, key.private_key_pem, request.cert_request_pem)


async def _refuse_before_request(signed: str, public_key: pulumi.Output[str]) -> bool:
    """At preview, refuse a signed certificate while the stack has no key that it could be for."""
    if pulumi.runtime.is_dry_run() and not await public_key.is_known():
        raise _error(signed, "is given, but this stack has not made a request yet")
    return True


def _for_key(signed: str, public_key: str) -> str:
    """The signed chain, provided that it is for the stack's own key."""
    wanted = public_key_der(serialization.load_pem_public_key(public_key.encode()))
    if public_key_der(_server(signed).public_key()) != wanted:
        raise _error(signed, "was not issued for the request of this stack: it has another key")
    return signed


def _error(signed: str, problem: str) -> RequestError:
    remedy = (
        "Have the CA sign the output certificateRequest; to use your own key, provide certificate and key"
    )
    return RequestError(f"certificate {name_text(_server(signed).subject)} {problem}. {remedy}")


def _server(signed: str) -> x509.Certificate:
    return x509.load_pem_x509_certificate(signed.encode())
