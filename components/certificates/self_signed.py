"""``SelfSignedCertificate``: the stack has a CA of its own, for trials."""

from __future__ import annotations

import pulumi

from components.certificates import issuance
from components.certificates.source import CertificateSource, Issued


class SelfSignedCertificate(CertificateSource):
    """Creates a CA and issues with it."""

    def issue(self, name: str, parent: pulumi.Resource) -> Issued:
        ca_key, ca = issuance.own_ca(name, self.issuance, parent=parent)
        key, request = issuance.request(name, self.issuance, parent=parent)
        server = issuance.server(
            name, self.issuance, request, ca.cert_pem, ca_key.private_key_pem, parent=parent
        )
        return Issued(ca.cert_pem, server.cert_pem, key.private_key_pem)
