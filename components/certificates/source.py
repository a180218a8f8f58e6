"""``CertificateSource``: where Rancher's certificate comes from."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field

import pulumi

from domain.certificates.sources import Material


@dataclass(frozen=True, kw_only=True)
class IssuanceArgs:
    """What requested and issued certificates are made of.

    Attributes:
        hostname: Rancher's host name.
        extra_hostnames: Further names that the certificate covers.
        organization: Organization (O) of the subject.
        validity_days: Lifetime of an issued server certificate in days.
        renewal_days: It is renewed that many days before its end.
    """

    hostname: str
    extra_hostnames: tuple[str, ...] = ()
    organization: str | None = None
    validity_days: int = 365
    renewal_days: int = 30


@dataclass(frozen=True)
class Issued:
    """A source's result, as PEM. Without ``chain`` it waits for the CA's answer.

    Attributes:
        ca_bundle: The CAs that clients have to trust.
        chain: The server's certificate and its intermediates.
        key: Its private key.
        csr: The request for the CA.
    """

    ca_bundle: pulumi.Output[str]
    chain: pulumi.Output[str] | None = None
    key: pulumi.Output[str] | None = field(default=None, repr=False)
    csr: pulumi.Output[str] | None = None


@dataclass(frozen=True, repr=False)
class CertificateSource(ABC):
    """Declares what a certificate takes.

    Attributes:
        material: What the operator provides, checked by ``domain.certificates.sources``.
        issuance: Subject and lifetime of what is requested or issued.
    """

    material: Material
    issuance: IssuanceArgs

    @abstractmethod
    def issue(self, name: str, parent: pulumi.Resource) -> Issued:
        """Declare the resources, with names that start with ``name``."""
