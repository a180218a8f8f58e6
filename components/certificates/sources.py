"""The sources of Rancher's certificate by their names."""

from __future__ import annotations

import pulumi

from components.certificates.issuance import Issuance
from components.certificates.source import CertificateSource, Issued
from domain.certificates import requested


class GivenCertificate(CertificateSource):
    """Certificate and key are given; declares nothing."""

    def issue(self, name: str, parent: pulumi.Resource) -> Issued:
        del name, parent
        return Issued(
            pulumi.Output.from_input(self.material.ca_certificates),
            pulumi.Output.from_input(self.material.chain),
            pulumi.Output.secret(self.material.private_key),
        )


class RequestError(pulumi.RunError):
    """The signed certificate is not for the request of this stack."""


class RequestedCertificate(CertificateSource):
    """A CA outside the stack signs the request; waits for it, and accepts only one for its own key."""

    def issue(self, name: str, parent: pulumi.Resource) -> Issued:
        key, request = Issuance(name, self.issuance, parent).request()
        bundle = pulumi.Output.from_input(self.material.ca_certificates)
        signed = self.material.chain
        if not signed:
            return Issued(bundle, csr=request.cert_request_pem)
        known: pulumi.Output[bool] = pulumi.Output.from_input(
            _refuse_before_request(signed, key.public_key_pem)
        )
        chain = pulumi.Output.all(key.public_key_pem, known).apply(lambda both: _for_key(signed, both[0]))
        return Issued(bundle, chain, key.private_key_pem, request.cert_request_pem)


class InternalCaCertificate(CertificateSource):
    """Issues with the signing CA, and sends the intermediates between it and the root."""

    def issue(self, name: str, parent: pulumi.Resource) -> Issued:
        material, issuance = self.material, Issuance(name, self.issuance, parent)
        key, request = issuance.request()
        server = issuance.server(request, material.signing_ca, pulumi.Output.secret(material.private_key))
        return Issued(
            pulumi.Output.from_input(material.ca_certificates),
            server.cert_pem.apply(lambda certificate: certificate + material.chain),
            key.private_key_pem,
        )


class SelfSignedCertificate(CertificateSource):
    """The stack has a CA of its own, for trials."""

    def issue(self, name: str, parent: pulumi.Resource) -> Issued:
        issuance = Issuance(name, self.issuance, parent)
        ca_key, ca = issuance.own_ca()
        key, request = issuance.request()
        server = issuance.server(request, ca.cert_pem, ca_key.private_key_pem)
        return Issued(ca.cert_pem, server.cert_pem, key.private_key_pem)


SOURCES: dict[str, type[CertificateSource]] = {
    "files": GivenCertificate,
    "csr": RequestedCertificate,
    "internal-ca": InternalCaCertificate,
    "self-signed": SelfSignedCertificate,
}


async def _refuse_before_request(signed: str, public_key: pulumi.Output[str]) -> bool:
    """At preview, refuse a signed certificate while the stack has no key that it could be for."""
    if pulumi.runtime.is_dry_run() and not await public_key.is_known():
        raise RequestError(requested.too_early(signed))
    return True


def _for_key(signed: str, public_key: str) -> str:
    """The signed chain, provided that it is for the stack's own key."""
    if problem := requested.other_key(signed, public_key):
        raise RequestError(problem)
    return signed
