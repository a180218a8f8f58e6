"""The sources of Rancher's certificate by their names."""

from __future__ import annotations

import pulumi

from components.certificates.csr import RequestedCertificate
from components.certificates.issuance import Issuance
from components.certificates.source import CertificateSource, Issued


class GivenCertificate(CertificateSource):
    """Certificate and key are given; declares nothing."""

    def issue(self, name: str, parent: pulumi.Resource) -> Issued:
        del name, parent
        return Issued(
            pulumi.Output.from_input(self.material.ca_certificates),
            pulumi.Output.from_input(self.material.chain),
            pulumi.Output.secret(self.material.private_key),
        )


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
