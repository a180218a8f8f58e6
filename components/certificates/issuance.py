"""Keys, requests and certificates of the ``tls`` provider. They are in the stack's state, encrypted."""

from __future__ import annotations

import pulumi
import pulumi_tls as tls

from components.certificates.source import IssuanceArgs
from domain.certificates.sources.internal_ca import COMMON_NAME_LENGTH

# RSA, because an enterprise CA (AD CS) refuses requests with EC keys unless its template is made for them.
_KEY_ALGORITHM, _KEY_BITS = "RSA", 3072
_SERVER_USES = ["digital_signature", "key_encipherment", "server_auth"]
_CA_USES = ["cert_signing", "crl_signing"]
_CA_DAYS = 3650


def request(
    name: str, issuance: IssuanceArgs, *, parent: pulumi.Resource
) -> tuple[tls.PrivateKey, tls.CertRequest]:
    """The server's key, and a request for a certificate that covers the host names."""
    key = _key(f"{name}-key", parent)
    return key, tls.CertRequest(
        f"{name}-csr",
        private_key_pem=key.private_key_pem,
        subject=tls.CertRequestSubjectArgs(
            common_name=issuance.hostname if len(issuance.hostname) <= COMMON_NAME_LENGTH else None,
            organization=issuance.organization,
        ),
        dns_names=[issuance.hostname, *issuance.extra_hostnames],
        opts=pulumi.ResourceOptions(parent=parent),
    )


def own_ca(
    name: str, issuance: IssuanceArgs, *, parent: pulumi.Resource
) -> tuple[tls.PrivateKey, tls.SelfSignedCert]:
    """Key and certificate of a CA that belongs to the stack."""
    key = _key(f"{name}-ca-key", parent)
    return key, tls.SelfSignedCert(
        f"{name}-ca",
        private_key_pem=key.private_key_pem,
        subject=tls.SelfSignedCertSubjectArgs(
            common_name=f"Rancher CA {issuance.hostname}"[:COMMON_NAME_LENGTH],
            organization=issuance.organization,
        ),
        is_ca_certificate=True,
        set_subject_key_id=True,
        allowed_uses=_CA_USES,
        validity_period_hours=_CA_DAYS * 24,
        # Renewed while a whole server certificate still fits, so that none outlives its CA.
        early_renewal_hours=issuance.validity_days * 24,
        opts=pulumi.ResourceOptions(parent=parent),
    )


def server(
    name: str,
    issuance: IssuanceArgs,
    csr: tls.CertRequest,
    ca: pulumi.Input[str],
    ca_key: pulumi.Output[str],
    *,
    parent: pulumi.Resource,
) -> tls.LocallySignedCert:
    """The server's certificate, issued by ``ca``; the first ``up`` within the warning window renews it."""
    return tls.LocallySignedCert(
        f"{name}-server",
        cert_request_pem=csr.cert_request_pem,
        ca_cert_pem=ca,
        ca_private_key_pem=ca_key,
        allowed_uses=_SERVER_USES,
        validity_period_hours=issuance.validity_days * 24,
        early_renewal_hours=issuance.renewal_days * 24,
        opts=pulumi.ResourceOptions(parent=parent),
    )


def _key(name: str, parent: pulumi.Resource) -> tls.PrivateKey:
    return tls.PrivateKey(
        name, algorithm=_KEY_ALGORITHM, rsa_bits=_KEY_BITS, opts=pulumi.ResourceOptions(parent=parent)
    )
