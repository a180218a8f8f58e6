"""The sources of Rancher's certificate by their names."""

from __future__ import annotations

from components.certificates.csr import RequestedCertificate
from components.certificates.files import GivenCertificate
from components.certificates.internal_ca import InternalCaCertificate
from components.certificates.self_signed import SelfSignedCertificate
from components.certificates.source import CertificateSource

SOURCES: dict[str, type[CertificateSource]] = {
    "files": GivenCertificate,
    "csr": RequestedCertificate,
    "internal-ca": InternalCaCertificate,
    "self-signed": SelfSignedCertificate,
}
