"""``Source``: what every source of Rancher's certificate has."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes

from domain.certificates import pem
from domain.certificates.certificate import Certificate, mark_namesakes, without_duplicates
from domain.certificates.rules import Expected
from domain.certificates.verdict import OpenSSL
from domain.finding import Finding


@dataclass(frozen=True)
class Given:
    """What the operator provides.

    Attributes:
        contents: Property (``certificate``, ``private_key``, …) to the PEM text given for it. One that could
            not be read is missing.
        expected: Host name and time that the certificates are judged by.
        validity_days: Lifetime of a server certificate that is issued here, in days.
        organization: Organization (O) of its subject.
    """

    contents: Mapping[str, bytes] = field(repr=False)
    expected: Expected
    validity_days: int = 365
    organization: str = ""


@dataclass(frozen=True)
class Material:
    """What was read, as PEM. What a source does not use, or has not got yet, is empty.

    Attributes:
        chain: The server's certificate and its intermediates; with an internal CA the intermediates alone.
        private_key: The server's private key, or the signing CA's.
        ca_certificates: The CA certificates that clients are to trust.
        signing_ca: Certificate of the CA that signs here.
    """

    chain: str = ""
    private_key: str = field(default="", repr=False)
    ca_certificates: str = ""
    signing_ca: str = ""


class Source(ABC):
    """Rules for what a source is given."""

    needs: ClassVar[tuple[str, ...]] = ()
    """Properties that have to be given."""
    uses: ClassVar[tuple[str, ...]] = ()
    """Properties that may be given beside those."""
    issues: ClassVar[bool] = False
    """Whether the server's certificate is issued here, and renewed before it ends."""

    def needed(self, given: frozenset[str]) -> tuple[str, ...]:
        """The properties that have to be given beside those in ``given``."""
        return tuple(name for name in self.needs if name not in given)

    @abstractmethod
    def check(self, given: Given, openssl: OpenSSL) -> tuple[Material, list[Finding]]:
        """Read what is given.

        Returns:
            The material, of use only if no finding is an error, and all findings.
        """


def read_certificates(given: Given, *names: str) -> tuple[tuple[list[Certificate], ...], list[Finding]]:
    """The certificates of some properties; none for one that is not given."""
    groups: list[list[Certificate]] = []
    findings: list[Finding] = []
    for name in names:
        found: list[Certificate] = []
        if name in given.contents:
            found, problems = pem.certificates(name, given.contents[name])
            found, repeated = without_duplicates(found)
            findings += [*problems, *repeated]
        groups.append(found)
    return mark_namesakes(*groups), findings


def read_key(given: Given, name: str) -> tuple[PrivateKeyTypes | None, str, list[Finding]]:
    """The private key of a property, also as PEM; none if it is not given."""
    if name not in given.contents:
        return None, "", []
    return pem.private_key(name, given.contents[name])


def damaged(findings: list[Finding], *names: str) -> bool:
    """Whether one of these properties could not be read whole; more findings would only follow from that."""
    return any(finding.severity == "error" and finding.key in names for finding in findings)
