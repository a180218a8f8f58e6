"""What Go refuses in a certificate's encoding and extensions, and neither OpenSSL nor Python do.

The source is Go 1.26: ``crypto/x509/parser.go``, ``verify.go`` and ``crypto/tls/handshake_client.go``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.name import _ASN1Type
from cryptography.x509.oid import ExtensionOID, PublicKeyAlgorithmOID

from domain.certificates.certificate import Certificate
from domain.finding import Finding

_MAXIMUM_RSA_BITS = 8192
_MAXIMUM_EXPONENT_BITS = 31
_ANY_POLICY = bytes.fromhex("0604551d2000")
_REISSUE = "Have the CA issue it again"

# Handled by Go and by OpenSSL (X509_supported_extension) in all versions.
_HANDLED = frozenset(
    {
        ExtensionOID.BASIC_CONSTRAINTS,
        ExtensionOID.KEY_USAGE,
        ExtensionOID.EXTENDED_KEY_USAGE,
        ExtensionOID.SUBJECT_ALTERNATIVE_NAME,
        ExtensionOID.NAME_CONSTRAINTS,
        ExtensionOID.CERTIFICATE_POLICIES,
        ExtensionOID.CRL_DISTRIBUTION_POINTS,
    }
)
# Go refuses to decode a certificate in which they are critical.
_DECODED = frozenset(
    {
        ExtensionOID.SUBJECT_KEY_IDENTIFIER,
        ExtensionOID.AUTHORITY_KEY_IDENTIFIER,
        ExtensionOID.AUTHORITY_INFORMATION_ACCESS,
    }
)
# Handled by Go since 1.24 (golang/go#68484).
_HANDLED_BY_NEW_GO = frozenset(
    {
        ExtensionOID.POLICY_CONSTRAINTS,
        ExtensionOID.POLICY_MAPPINGS,
        ExtensionOID.INHIBIT_ANY_POLICY,
    }
)
_STRINGS = frozenset(
    {
        _ASN1Type.UTF8String,
        _ASN1Type.PrintableString,
        _ASN1Type.IA5String,
        _ASN1Type.T61String,
        _ASN1Type.BMPString,
        _ASN1Type.NumericString,
    }
)
_CONSTRAINABLE = (x509.DNSName, x509.RFC822Name, x509.UniformResourceIdentifier, x509.IPAddress)
_URI_HOST = re.compile(r"[!$&-.0-9:;=@A-Z\[\]_a-z~\"<>]*")


def check_encoding(certificate: Certificate) -> Iterator[Finding]:
    """Rules for every certificate that a server sends: Go decodes all of them."""
    yield from _check_decoded(certificate)
    yield from _check_key(certificate)
    yield from _check_serial(certificate)
    yield from _check_names(certificate)


def check_extensions(certificate: Certificate) -> Iterator[Finding]:
    """Rules for the certificates on the path to a CA."""
    yield from _check_policies(certificate)
    for extension in certificate.x509.extensions:
        if not extension.critical:
            continue
        shown = _shown(extension.oid)
        remedy = f"{_REISSUE} without it, or with it not critical"
        if extension.oid in _DECODED:
            continue
        if extension.oid in _HANDLED_BY_NEW_GO:
            problem = f"has the critical extension {shown}, which Go before 1.24 refuses"
            yield certificate.error(problem, remedy)
        elif extension.oid not in _HANDLED:
            yield certificate.error(f"has the critical extension {shown}, which clients refuse", remedy)
        elif isinstance(extension.value, x509.NameConstraints):
            yield from _check_critical_constraints(certificate, extension.value)
        elif isinstance(extension.value, x509.SubjectAlternativeName) and not any(
            isinstance(name, _CONSTRAINABLE) for name in extension.value
        ):
            problem = "has a critical subject alternative name without a DNS, IP, e-mail or URI name"
            yield certificate.error(f"{problem}, which Go refuses", remedy)


def _shown(oid: x509.ObjectIdentifier) -> str:
    name = oid._name
    return oid.dotted_string if name == "Unknown OID" else f"{name} ({oid.dotted_string})"


def _check_critical_constraints(certificate: Certificate, limits: x509.NameConstraints) -> Iterator[Finding]:
    subtrees = (*(limits.permitted_subtrees or ()), *(limits.excluded_subtrees or ()))
    kinds = {type(name).__name__ for name in subtrees if not isinstance(name, _CONSTRAINABLE)}
    for kind in sorted(kinds):
        shown = "directoryName" if kind == "DirectoryName" else kind
        problem = f"has critical name constraints of the kind {shown}, which Go does not handle and refuses"
        yield certificate.error(problem, "Have the certificate issued by a CA without them")


def _check_policies(certificate: Certificate) -> Iterator[Finding]:
    for extension in certificate.x509.extensions:
        constraints = extension.value
        if extension.oid == ExtensionOID.POLICY_MAPPINGS and _ANY_POLICY in constraints.public_bytes():
            yield certificate.error("maps certificate policies to anyPolicy, which Go refuses", _REISSUE)
        if extension.critical or not isinstance(constraints, x509.PolicyConstraints):
            continue
        if constraints.require_explicit_policy is None:
            continue
        problem = "demands certificate policies (policyConstraints, requireExplicitPolicy), which Go enforces"
        yield certificate.error(problem, "Use a CA without policy constraints")


def _check_decoded(certificate: Certificate) -> Iterator[Finding]:
    for extension in certificate.x509.extensions:
        if extension.critical and extension.oid in _DECODED:
            problem = f"has the extension {_shown(extension.oid)} marked critical, which Go refuses"
            yield certificate.error(problem, f"{_REISSUE} with it not critical")
    policies = certificate.extension(x509.CertificatePolicies)
    listed = [policy.policy_identifier for policy in policies or ()]
    if len(set(listed)) != len(listed):
        yield certificate.error("lists a certificate policy twice, which Go refuses", _REISSUE)


def _check_key(certificate: Certificate) -> Iterator[Finding]:
    key = certificate.x509.public_key()
    remedy = (
        "Create a new key (RSA 2048 to 8192 bits, or EC P-256), and have the CA issue a certificate for it"
    )
    if certificate.x509.public_key_algorithm_oid == PublicKeyAlgorithmOID.RSASSA_PSS:
        yield certificate.error("has an RSASSA-PSS key, which Go does not support", remedy)
    elif certificate.public_key not in certificate.x509.tbs_certificate_bytes:
        problem = "encodes its key as Go does not read it (explicit curve parameters, or a compressed point)"
        yield certificate.error(problem, remedy)
    elif isinstance(key, rsa.RSAPublicKey):
        if key.key_size > _MAXIMUM_RSA_BITS:
            problem = f"has an RSA key of {key.key_size} bits; Go accepts {_MAXIMUM_RSA_BITS} at most"
            yield certificate.error(problem, remedy)
        if key.public_numbers().e.bit_length() > _MAXIMUM_EXPONENT_BITS:
            yield certificate.error("has an RSA key whose exponent is longer than Go accepts", remedy)


def _check_serial(certificate: Certificate) -> Iterator[Finding]:
    serial = certificate.serial
    if serial <= 0 or serial.bit_length() >= 160:
        kind = "negative" if serial < 0 else "zero" if serial == 0 else "longer than 20 bytes"
        problem = f"has a serial number that is {kind} (RFC 5280 allows 1 to 20 bytes, positive)"
        yield certificate.error(problem, _REISSUE)


def _check_names(certificate: Certificate) -> Iterator[Finding]:
    for attribute in (*certificate.x509.subject, *certificate.x509.issuer):
        if attribute._type not in _STRINGS:
            problem = f"encodes a part of its names as {attribute._type.name}, which Go does not read"
            yield certificate.error(problem, f"{_REISSUE} with UTF8String")
    alternative = certificate.extension(x509.SubjectAlternativeName)
    for other in alternative or ():
        if isinstance(other, x509.DNSName | x509.RFC822Name) and not other.value.isascii():
            problem = f"has the name {other.value!r} outside ASCII, which Go refuses"
            yield certificate.error(problem, f"{_REISSUE} with the name in its xn-- form")
        elif isinstance(other, x509.UniformResourceIdentifier) and not _is_uri(other.value):
            problem = f"has the malformed URI {other.value!r}, which Go refuses"
            yield certificate.error(problem, f"{_REISSUE} without it")


def _is_uri(text: str) -> bool:
    """Go's ``url.Parse`` and ``domainNameValid``; what is odd for both is refused."""
    if not re.fullmatch(r"[!-~]*", text) or re.search(r"%(?![0-9A-Fa-f]{2})", text) or "\\" in text:
        return False
    scheme, colon, _ = text.partition(":")
    if colon and not re.fullmatch(r"[A-Za-z][A-Za-z0-9+.-]*", scheme) and "/" not in scheme:
        return False
    try:
        host = urlsplit(text).netloc.rpartition("@")[2]
        _ = urlsplit(text).port
    except ValueError:
        return False
    return not host or (bool(_URI_HOST.fullmatch(host)) and all(host.split(".")) and "%" not in host)
