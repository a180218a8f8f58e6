"""``GivenCertificate``: certificate and key are given."""

from __future__ import annotations

import pulumi

from components.certificates.source import CertificateSource, Issued


class GivenCertificate(CertificateSource):
    """Declares nothing."""

    def issue(self, name: str, parent: pulumi.Resource) -> Issued:
        del name, parent
        return Issued(
            pulumi.Output.from_input(self.material.ca_certificates),
            pulumi.Output.from_input(self.material.chain),
            pulumi.Output.secret(self.material.private_key),
        )
