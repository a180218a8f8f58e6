"""``InternalCaCertificate``: a given CA signs the certificate."""

from __future__ import annotations

import pulumi

from components.certificates import issuance
from components.certificates.source import CertificateSource, Issued


class InternalCaCertificate(CertificateSource):
    """Issues with the signing CA, and sends the intermediates between it and the root."""

    def issue(self, name: str, parent: pulumi.Resource) -> Issued:
        material = self.material
        key, request = issuance.request(name, self.issuance, parent=parent)
        ca_key = pulumi.Output.secret(material.private_key)
        server = issuance.server(name, self.issuance, request, material.signing_ca, ca_key, parent=parent)
        return Issued(
            pulumi.Output.from_input(material.ca_certificates),
            server.cert_pem.apply(lambda certificate: certificate + material.chain),
            key.private_key_pem,
        )
