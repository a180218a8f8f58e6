"""Keys, requests and certificates of the ``tls`` provider. They are in the stack's state, encrypted."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
import pulumi_tls as tls

from components.certificates.source import IssuanceArgs
from domain.certificates.sources.internal_ca import COMMON_NAME_LENGTH

_CA_DAYS = 3650


@dataclass(frozen=True)
class Issuance:
    """Declares the resources of one server's certificate.

    Attributes:
        name: Prefix of their names in the stack.
        args: Subject and lifetime.
        parent: Their parent.
    """

    name: str
    args: IssuanceArgs
    parent: pulumi.Resource

    def request(self) -> tuple[tls.PrivateKey, tls.CertRequest]:
        """The server's key, and a request for a certificate that covers the host names."""
        hostname, key = self.args.hostname, self._key("key")
        return key, tls.CertRequest(
            f"{self.name}-csr",
            private_key_pem=key.private_key_pem,
            subject=tls.CertRequestSubjectArgs(
                common_name=hostname if len(hostname) <= COMMON_NAME_LENGTH else None,
                organization=self.args.organization,
            ),
            dns_names=[hostname, *self.args.extra_hostnames],
            opts=self._opts,
        )

    def own_ca(self) -> tuple[tls.PrivateKey, tls.SelfSignedCert]:
        """Key and certificate of a CA that belongs to the stack."""
        key = self._key("ca-key")
        return key, tls.SelfSignedCert(
            f"{self.name}-ca",
            private_key_pem=key.private_key_pem,
            subject=tls.SelfSignedCertSubjectArgs(
                common_name=f"Rancher CA {self.args.hostname}"[:COMMON_NAME_LENGTH],
                organization=self.args.organization,
            ),
            is_ca_certificate=True,
            set_subject_key_id=True,
            allowed_uses=["cert_signing", "crl_signing"],
            validity_period_hours=_CA_DAYS * 24,
            # Renewed while a whole server certificate still fits, so that none outlives its CA.
            early_renewal_hours=self.args.validity_days * 24,
            opts=self._opts,
        )

    def server(
        self, csr: tls.CertRequest, ca: pulumi.Input[str], ca_key: pulumi.Output[str]
    ) -> tls.LocallySignedCert:
        """The server's certificate, issued by ``ca``; the first ``up`` in the warning window renews it."""
        return tls.LocallySignedCert(
            f"{self.name}-server",
            cert_request_pem=csr.cert_request_pem,
            ca_cert_pem=ca,
            ca_private_key_pem=ca_key,
            allowed_uses=["digital_signature", "key_encipherment", "server_auth"],
            validity_period_hours=self.args.validity_days * 24,
            early_renewal_hours=self.args.renewal_days * 24,
            opts=self._opts,
        )

    @property
    def _opts(self) -> pulumi.ResourceOptions:
        return pulumi.ResourceOptions(parent=self.parent)

    def _key(self, part: str) -> tls.PrivateKey:
        # RSA, because an enterprise CA (AD CS) refuses EC keys unless its template is made for them.
        return tls.PrivateKey(f"{self.name}-{part}", algorithm="RSA", rsa_bits=3072, opts=self._opts)
