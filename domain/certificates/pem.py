"""PEM as people provide it: what it holds, and what to do when it is something else.

Pure functions. Invalid input raises nothing: each function returns what it could read and the findings.
Nothing quotes a private key.
"""

from __future__ import annotations

import base64
import binascii
import re
import warnings
from collections.abc import Callable, Sequence

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes

from domain.certificates.certificate import UNREADABLE, Certificate
from domain.finding import Finding

FILE = "FILE"
"""Stands in remedies for the file that was read."""
STORE = "STORE"
"""Stands in remedies for the command that stores its input as a secret."""

# A block whose body holds no other boundary: a block that is cut off does not include the next one.
_BLOCK = re.compile(rb"-----BEGIN ([A-Z0-9 ]+)-----((?:(?!-----).)*)-----END \1-----", re.DOTALL)
_BEGIN = re.compile(rb"-----BEGIN [A-Z0-9 ]+-----")
# Content types of PKCS #7 and PKCS #12 (RFC 2315, RFC 7292): signedData, and version 3 before a `data` part.
_PKCS7 = bytes.fromhex("06092a864886f70d010702")
_PKCS12 = re.compile(rb"\x02\x01\x03\x30.{1,5}\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07[\x01\x02]", re.DOTALL)

_CERTIFICATE = frozenset({"CERTIFICATE", "X509 CERTIFICATE"})
_REQUEST = frozenset({"CERTIFICATE REQUEST", "NEW CERTIFICATE REQUEST"})
_TRUSTED = "TRUSTED CERTIFICATE"

Block = tuple[str, bytes]
"""Label and body."""


def certificates(source: str, content: bytes) -> tuple[list[Certificate], list[Finding]]:
    """All certificates of a PEM text, in its order.

    Text around the blocks, any line ends and indentation are accepted, as are private keys (with a warning).
    DER, PKCS #7, PKCS #12, OpenSSL's trusted certificates and requests are errors that say so.
    """
    blocks, findings = _blocks(source, content)
    found: list[Certificate] = []
    labels = [label for label, _ in blocks]
    for number, (label, body) in enumerate(blocks, 1):
        if label in _CERTIFICATE:
            certificate, damage = _certificate(source, number, body)
            found += [certificate] if certificate else []
            findings += damage
        elif label == _TRUSTED and _CERTIFICATE & set(labels):
            findings.append(_error(source, f"block {number} {_AN_OPENSSL_FORMAT}", _CONVERT_TRUSTED))
        elif label.endswith("PRIVATE KEY") and _CERTIFICATE & set(labels):
            problem = "contains a private key beside the certificates"
            findings.append(
                Finding(source, problem, "Keep keys out of files that others read", "", "warning")
            )
    if not found and not any(finding.severity == "error" for finding in findings):
        findings = [_no_certificate(source, labels)]
    return found, findings


def private_key(source: str, content: bytes) -> tuple[PrivateKeyTypes | None, str, list[Finding]]:
    """The one private key of a PEM text, and the same key as PKCS #8 PEM.

    A PKCS #1 body under the label of PKCS #8, or a curve by its parameters, are loaded here but not by every
    server: the result has neither. Certificates beside the key are ignored, so one file may hold both.
    """
    blocks, findings = _blocks(source, content)
    keys = [(label, body) for label, body in blocks if label.endswith("PRIVATE KEY")]
    if len(keys) != 1:
        return None, "", findings or [_no_single_key(source, [label for label, _ in blocks], len(keys))]
    label, body = keys[0]
    if label == "ENCRYPTED PRIVATE KEY" or b"ENCRYPTED" in body:
        remedy = f"Decrypt it into a secret: openssl pkey -in {FILE} | {STORE}"
        return None, "", [_error(source, "the private key is encrypted with a passphrase", remedy)]
    if label == "OPENSSH PRIVATE KEY":
        remedy = "Provide the PEM key that the certificate was requested with"
        return None, "", [_error(source, "is an OpenSSH key", remedy)]
    try:
        key = serialization.load_der_private_key(
            base64.b64decode(b"".join(body.split()), validate=True), None
        )
    except UnsupportedAlgorithm:
        remedy = "Create a key (RSA 2048 bits or more, or EC P-256 as a named curve) and a certificate for it"
        return None, "", [_error(source, "the private key is of a kind that servers cannot load", remedy)]
    except (ValueError, TypeError):  # the library's text may quote parts of the key
        return None, "", [_error(source, "the private key is damaged", "Copy the whole key again")]
    return key, encode_key(key), findings


def encode_key(key: PrivateKeyTypes) -> str:
    """The key as PKCS #8 PEM, which every server loads."""
    form, encryption = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    return key.private_bytes(serialization.Encoding.PEM, form, encryption).decode("ascii")


def _blocks(source: str, content: bytes) -> tuple[list[Block], list[Finding]]:
    if not content.strip():
        return [], [_error(source, "is empty", "Provide the PEM text (-----BEGIN ...-----)")]
    if content[:2] in (b"\xff\xfe", b"\xfe\xff"):
        problem = "is UTF-16 text (as Windows PowerShell writes it)"
        return [], [_error(source, problem, "Save it as ASCII or UTF-8: Set-Content -Encoding ascii")]
    if b"\\n" in content and b"\n" not in content.strip():
        problem = r"contains the two characters \n in place of line ends"
        return [], [_error(source, problem, f"Set it from the file: {STORE} < {FILE}")]
    blocks = [(match[1].decode("ascii"), match[2]) for match in _BLOCK.finditer(content)]
    if not _BEGIN.search(content):
        return [], [_not_pem(source, content)]
    if len(blocks) != len(_BEGIN.findall(content)):
        problem = "a -----BEGIN line has no matching -----END line"
        return blocks, [_error(source, problem, "Copy the whole file again")]
    return blocks, []


def _not_pem(source: str, content: bytes) -> Finding:
    if content[:1] != b"\x30":
        if re.fullmatch(rb"[A-Za-z0-9+/=\s]{100,}", content):
            remedy = f"Add them, or run: base64 -d {FILE} | openssl x509 -inform der"
            return _error(source, "is base64 without -----BEGIN and -----END lines", remedy)
        return _error(source, "is not PEM", "Provide the text form, which starts with -----BEGIN")
    if _PKCS12.search(content[:40]):
        remedy = (
            f"Split it: openssl pkcs12 -in {FILE} -nokeys -out chain.pem, and "
            f"openssl pkcs12 -in {FILE} -nocerts -nodes -out key.pem"
        )
        return _error(source, "is a PKCS #12 archive (.p12, .pfx)", remedy)
    if _PKCS7 in content[:40]:
        remedy = f"Convert it: openssl pkcs7 -inform der -print_certs -in {FILE}"
        return _error(source, "is a PKCS #7 archive (.p7b) in DER", remedy)
    kind = "x509"
    try:
        x509.load_der_x509_certificate(content)
    except UNREADABLE:
        kind = "pkey"
    remedy = f"Convert it: openssl {kind} -inform der -in {FILE} -out {kind}.pem"
    return _error(source, "is DER (binary), not PEM", remedy)


def _certificate(source: str, number: int, body: bytes) -> tuple[Certificate | None, list[Finding]]:
    try:
        der = base64.b64decode(b"".join(body.split()), validate=True)
    except binascii.Error:
        problem = f"block {number} has damaged base64"
        return None, [_error(source, problem, "Copy the whole certificate again from its CA")]
    if _PKCS7 in der[:40]:
        problem = f"block {number} is a PKCS #7 archive (.p7b) under the label CERTIFICATE"
        remedy = f"Convert it: sed 's/CERTIFICATE/PKCS7/' {FILE} | openssl pkcs7 -print_certs"
        return None, [_error(source, problem, remedy)]
    try:
        x509.load_der_x509_csr(der)
    except UNREADABLE:
        pass
    else:
        problem = f"block {number} is a certificate request under the label CERTIFICATE"
        return None, [_error(source, problem, "Provide the certificate that the CA issued for it")]
    try:
        with warnings.catch_warnings(action="ignore"):  # odd serial numbers, for which there is a rule
            certificate = Certificate(x509.load_der_x509_certificate(der), source)
        # They are decoded on first use: do it here, where a failure has a place in the file.
        _ = certificate.x509.extensions, certificate.public_key, certificate.name, certificate.issuer
        _ = certificate.signature_hash, certificate.serial
        _ = certificate.x509.not_valid_before_utc, certificate.x509.not_valid_after_utc
    except UNREADABLE as error:
        return None, [_unreadable(source, number, str(error))]
    return certificate, []


def _unreadable(source: str, number: int, reason: str) -> Finding:
    if "PrintableString" in reason:
        problem = (
            f"block {number} has a name as PrintableString with characters that it excludes, such as @ _ *"
        )
        return _error(source, problem, "Have the CA issue the certificate again with UTF8String")
    problem = f"block {number} cannot be read as X.509 ({reason})"
    return _error(source, problem, "Copy the whole certificate again, or have the CA issue it again")


_AN_OPENSSL_FORMAT = "is an OpenSSL trusted certificate, which Go does not read"
_CONVERT_TRUSTED = f"Convert it: openssl x509 -in {FILE}"


def _no_certificate(source: str, labels: Sequence[str]) -> Finding:
    kinds: list[tuple[Callable[[str], bool], str, str]] = [
        (
            _REQUEST.__contains__,
            "contains a certificate request",
            "Provide the certificate that the CA issued for it",
        ),
        (
            lambda label: label.endswith("PRIVATE KEY"),
            "contains a private key where a certificate is expected",
            "Provide the certificate here, and the key where the private key belongs",
        ),
        (
            {"PKCS7", "CMS"}.__contains__,
            "is a PKCS #7 archive",
            f"Convert it: openssl pkcs7 -print_certs -in {FILE}",
        ),
        (_TRUSTED.__eq__, _AN_OPENSSL_FORMAT, _CONVERT_TRUSTED),
    ]
    for applies, problem, remedy in kinds:
        if any(applies(label) for label in labels):
            return _error(source, problem, remedy)
    problem = f"contains no certificate (only {', '.join(labels)})"
    return _error(source, problem, "Provide a -----BEGIN CERTIFICATE-----")


def _no_single_key(source: str, labels: Sequence[str], count: int) -> Finding:
    if count:
        return _error(source, f"contains {count} private keys", "Keep only the key of the certificate")
    if any(label in _CERTIFICATE for label in labels):
        problem = "contains a certificate where a private key is expected"
        return _error(source, problem, "Provide the key's PEM file")
    problem = f"contains no private key (only {', '.join(labels)})"
    return _error(source, problem, "Provide a -----BEGIN PRIVATE KEY-----")


def _error(source: str, problem: str, remedy: str) -> Finding:
    return Finding(source, problem, remedy)
