"""``Certificate``: an X.509 certificate, the property it was given in, and its name in messages."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TypeVar

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes

from domain.finding import Finding

UNREADABLE = (
    *(ValueError, TypeError, UnsupportedAlgorithm, x509.DuplicateExtension, x509.InvalidVersion),
    x509.UnsupportedGeneralNameType,
)
"""What ``cryptography`` raises for encodings that it does not read."""

CERTIFICATE = "certificate"
PRIVATE_KEY = "private_key"
CA_CERTIFICATES = "ca_certificates"
CA_PRIVATE_KEY = "ca_private_key"

BROKEN_HASHES = frozenset({"md2", "md4", "md5", "sha1"})
"""Signatures with these hashes are refused by every client, and cannot be verified here."""

ExtensionT = TypeVar("ExtensionT", bound=x509.ExtensionType)


@dataclass(frozen=True, eq=False)
class Certificate:
    """A certificate.

    Attributes:
        x509: The certificate itself.
        source: The property it was given in, such as ``ca_certificates``.
        has_namesake: Whether another certificate has the same subject, so that messages need more than it.
    """

    x509: x509.Certificate
    source: str
    has_namesake: bool = False

    @cached_property
    def der(self) -> bytes:
        """The encoded certificate."""
        return self.x509.public_bytes(serialization.Encoding.DER)

    @cached_property
    def subject(self) -> bytes:
        """The encoded subject."""
        return self.x509.subject.public_bytes()

    @cached_property
    def issuer(self) -> bytes:
        """The encoded issuer."""
        return self.x509.issuer.public_bytes()

    @cached_property
    def public_key(self) -> bytes:
        """The encoded public key."""
        return public_key_der(self.x509.public_key())

    @cached_property
    def name(self) -> str:
        """The subject for messages, with serial number and end if another certificate has the same one."""
        name = name_text(self.x509.subject)
        if not self.has_namesake:
            return name
        return f"{name} (serial {self.serial:x}, until {self.x509.not_valid_after_utc:%Y-%m-%d})"

    @cached_property
    def serial(self) -> int:
        """The serial number."""
        with warnings.catch_warnings(action="ignore"):  # the library warns about zero and negative ones
            return self.x509.serial_number

    @cached_property
    def self_signed(self) -> bool:
        """Whether its own key signed it. A new CA certificate signed with the old key is not self-signed."""
        return self.subject == self.issuer and signed_by(self, self)

    @cached_property
    def signature_hash(self) -> str:
        """Name of the signature's hash; empty if it has none or an unknown one."""
        try:
            algorithm = self.x509.signature_hash_algorithm
        except UnsupportedAlgorithm:
            return ""
        return algorithm.name if algorithm else ""

    @cached_property
    def subject_key_id(self) -> bytes | None:
        """The subject key identifier."""
        extension = self.extension(x509.SubjectKeyIdentifier)
        return extension.digest if extension else None

    def extension(self, kind: type[ExtensionT]) -> ExtensionT | None:
        """The extension of that kind, if it has one."""
        try:
            return self.x509.extensions.get_extension_for_class(kind).value
        except x509.ExtensionNotFound:
            return None

    def error(self, problem: str, remedy: str) -> Finding:
        """An error in this certificate."""
        return Finding(self.source, f"certificate {self.name} {problem}", remedy)

    def warning(self, problem: str, remedy: str) -> Finding:
        """A warning about this certificate."""
        return Finding(self.source, f"certificate {self.name} {problem}", remedy, severity="warning")


def signed_by(child: Certificate, issuer: Certificate) -> bool:
    """Whether the key of ``issuer`` made the signature of ``child``.

    A signature with a broken hash cannot be verified: key identifiers decide then, if both have them.
    """
    if child.signature_hash in BROKEN_HASHES:
        wanted = authority_key_id(child)
        return None in (wanted, issuer.subject_key_id) or wanted == issuer.subject_key_id
    try:
        child.x509.verify_directly_issued_by(issuer.x509)
    except (InvalidSignature, ValueError, TypeError, UnsupportedAlgorithm):
        return False
    return True


def authority_key_id(certificate: Certificate) -> bytes | None:
    """The identifier of the key that signed it, if it names one."""
    extension = certificate.extension(x509.AuthorityKeyIdentifier)
    return extension.key_identifier if extension else None


def name_text(name: x509.Name) -> str:
    """A distinguished name for messages."""
    return f'"{name.rfc4514_string() or "(empty subject)"}"'


def expiry(chain: str) -> str:
    """End of the first certificate of a PEM chain, ISO 8601 in UTC; empty for an empty chain."""
    return x509.load_pem_x509_certificate(chain.encode()).not_valid_after_utc.isoformat() if chain else ""


def fingerprint(chain: str) -> str:
    """SHA-256 of the first certificate of a PEM chain; empty for an empty chain.

    It is of the DER form, written as browsers and ``openssl x509 -fingerprint`` write it.
    """
    if not chain:
        return ""
    return x509.load_pem_x509_certificate(chain.encode()).fingerprint(hashes.SHA256()).hex(":").upper()


def public_key_der(key: PublicKeyTypes) -> bytes:
    """SubjectPublicKeyInfo of a public key: equal for a certificate and the private key it belongs to."""
    return key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)


def encode(certificates: Iterable[Certificate]) -> str:
    """The certificates as PEM in this order, without text around the blocks, with Unix line ends."""
    return "".join(
        item.x509.public_bytes(serialization.Encoding.PEM).decode("ascii") for item in certificates
    )


def without_duplicates(certificates: Sequence[Certificate]) -> tuple[list[Certificate], list[Finding]]:
    """The certificates without repetitions, and a warning for each repetition."""
    unique = {item.der: item for item in reversed(certificates)}
    findings = [
        item.warning("is listed twice", "Remove one") for item in certificates if unique[item.der] is not item
    ]
    return [item for item in certificates if unique[item.der] is item], findings


def mark_namesakes(*groups: Sequence[Certificate]) -> tuple[list[Certificate], ...]:
    """The same groups, in which certificates that share a subject with another one say more about them."""
    holders: dict[bytes, set[bytes]] = {}
    for item in (item for group in groups for item in group):
        holders.setdefault(item.subject, set()).add(item.der)
    return tuple(
        [replace(item, has_namesake=len(holders[item.subject]) > 1) for item in group] for group in groups
    )
