"""PEM material as people hand it over: what a file holds, and what to do when it is the wrong thing.

Pure functions. Nothing here raises on bad input: each returns what it could read together with the findings.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes, PublicKeyTypes

from domain.certificates.documents import Document, Finding

# A block whose body holds no other boundary: a block that is cut off does not swallow the next one.
_BLOCK = re.compile(rb"-----BEGIN ([A-Z0-9 ]+)-----((?:(?!-----).)*)-----END \1-----", re.DOTALL)
_BEGIN = re.compile(rb"-----BEGIN [A-Z0-9 ]+-----")
# Content types of PKCS #7 and PKCS #12 (RFC 2315, RFC 7292): signedData, and version 3 before a `data` part.
_PKCS7 = bytes.fromhex("06092a864886f70d010702")
_PKCS12 = re.compile(rb"\x02\x01\x03\x30.{1,5}\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07[\x01\x02]", re.DOTALL)

_CERTIFICATE = frozenset({"CERTIFICATE", "X509 CERTIFICATE"})
_REQUEST = frozenset({"CERTIFICATE REQUEST", "NEW CERTIFICATE REQUEST"})
_SET = "pulumi config set --secret {key} < FILE"


@dataclass(frozen=True)
class Entry:
    """A certificate and the document it is from."""

    certificate: x509.Certificate
    document: Document

    @property
    def name(self) -> str:
        """The subject, as ``CN=rancher.example.com,O=Example``."""
        return name_text(self.certificate.subject)

    @property
    def public_key(self) -> bytes:
        """The public key, to compare."""
        return public_key_der(self.certificate.public_key())

    @property
    def self_signed(self) -> bool:
        """Whether the certificate names itself as its issuer."""
        return self.certificate.subject.public_bytes() == self.certificate.issuer.public_bytes()

    def error(self, problem: str, remedy: str) -> Finding:
        """An error in this certificate."""
        return self.document.error(f"certificate {self.name} {problem}", remedy)

    def warning(self, problem: str, remedy: str) -> Finding:
        """A warning about this certificate."""
        return self.document.warning(f"certificate {self.name} {problem}", remedy)


def name_text(name: x509.Name) -> str:
    """A distinguished name for messages."""
    return f'"{name.rfc4514_string() or "(empty subject)"}"'


def fingerprint(certificate: x509.Certificate) -> str:
    """SHA-256 of the DER form, written as browsers and ``openssl x509 -fingerprint`` do."""
    return certificate.fingerprint(hashes.SHA256()).hex(":").upper()


def public_key_der(key: PublicKeyTypes) -> bytes:
    """SubjectPublicKeyInfo of a public key: equal for a certificate and the private key it belongs to."""
    return key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)


def encode(entries: Iterable[Entry]) -> str:
    """The certificates as clean PEM, in this order: no text around the blocks, Unix line ends."""
    return "".join(
        entry.certificate.public_bytes(serialization.Encoding.PEM).decode("ascii") for entry in entries
    )


def certificates(document: Document) -> tuple[list[Entry], list[Finding]]:
    """All certificates of a document, in its order.

    Text around the blocks, any line ends and indentation are accepted, as are blocks of other kinds (with a
    warning); DER, PKCS #7, PKCS #12, requests and keys in place of a certificate are errors that say so.
    """
    blocks, findings = _blocks(document)
    entries: list[Entry] = []
    for number, (label, body) in enumerate(blocks, 1):
        if label in _CERTIFICATE:
            entry, damage = _certificate(document, number, body)
            entries += [entry] if entry else []
            findings += damage
        elif label.endswith("PRIVATE KEY") and any(other in _CERTIFICATE for other, _ in blocks):
            findings.append(
                document.warning(
                    "a private key stands among the certificates", "keep keys out of files that get passed on"
                )
            )
    if not entries and not findings:
        findings.append(_no_certificate(document, [label for label, _ in blocks]))
    return entries, findings


def private_key(document: Document) -> tuple[PrivateKeyTypes | None, str, list[Finding]]:
    """The one private key of a document, and its block as clean PEM text.

    Certificates and parameters beside it are passed over, so that one file may hold both.
    """
    blocks, findings = _blocks(document)
    keys = [(label, body) for label, body in blocks if label.endswith("PRIVATE KEY")]
    if len(keys) != 1:
        if not findings:
            findings.append(_no_single_key(document, [label for label, _ in blocks], len(keys)))
        return None, "", findings
    label, body = keys[0]
    store = _SET.format(key=document.key.removesuffix("File"))
    if label == "ENCRYPTED PRIVATE KEY" or b"ENCRYPTED" in body:
        return (
            None,
            "",
            [
                document.error(
                    "the private key is encrypted with a passphrase",
                    f"store it decrypted as a secret: openssl pkey -in {document.shell_name} | "
                    + store.removesuffix(" < FILE"),
                )
            ],
        )
    if label == "OPENSSH PRIVATE KEY":
        return (
            None,
            "",
            [document.error("this is an OpenSSH key", "give the PEM key that the certificate was made for")],
        )
    try:
        der = base64.b64decode(b"".join(body.split()), validate=True)
        key = serialization.load_der_private_key(der, None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        # The library's text is left out: it may quote parts of the key.
        return (
            None,
            "",
            [document.error("the private key is damaged", f"copy it again, whole; or set it with: {store}")],
        )
    return key, _pem(label, der), findings


def _blocks(document: Document) -> tuple[list[tuple[str, bytes]], list[Finding]]:
    content = document.content
    if not content.strip():
        return [], [document.error("is empty", "give the PEM text (-----BEGIN ...-----)")]
    if content[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return [], [
            document.error(
                "is UTF-16 text (as Windows PowerShell writes it)",
                "save it as ASCII or UTF-8: Set-Content -Encoding ascii",
            )
        ]
    if b"\\n" in content and b"\n" not in content.strip():
        return [], [
            document.error(
                r"has the two characters \n where line ends belong",
                "set it from the file: " + _SET.format(key=document.key),
            )
        ]
    blocks = [(match[1].decode("ascii"), match[2]) for match in _BLOCK.finditer(content)]
    if not _BEGIN.search(content):
        return [], [_not_pem(document)]
    if len(blocks) != len(_BEGIN.findall(content)):
        return blocks, [
            document.error("a -----BEGIN line has no matching -----END line", "copy the file again, whole")
        ]
    return blocks, []


def _not_pem(document: Document) -> Finding:
    content, name = document.content, document.shell_name
    if content[:1] != b"\x30":
        if re.fullmatch(rb"[A-Za-z0-9+/=\s]{100,}", content):
            return document.error(
                "is base64 without -----BEGIN and -----END lines",
                f"add them, or: base64 -d {name} | openssl x509 -inform der",
            )
        return document.error("is not PEM", "give the text form, which starts with -----BEGIN")
    if _PKCS12.search(content[:40]):
        return document.error(
            "is a PKCS #12 archive (.p12, .pfx)",
            f"take it apart: openssl pkcs12 -in {name} -nokeys -out chain.pem, and "
            f"openssl pkcs12 -in {name} -nocerts -nodes | pulumi config set --secret privateKey",
        )
    if _PKCS7 in content[:40]:
        return document.error(
            "is a PKCS #7 archive (.p7b) in DER",
            f"convert it: openssl pkcs7 -inform der -print_certs -in {name}",
        )
    kind = "x509"
    try:
        x509.load_der_x509_certificate(content)
    except ValueError:
        kind = "pkey"
    return document.error(
        "is DER (binary), not PEM", f"convert it: openssl {kind} -inform der -in {name} -out {kind}.pem"
    )


def _certificate(document: Document, number: int, body: bytes) -> tuple[Entry | None, list[Finding]]:
    try:
        certificate = x509.load_der_x509_certificate(base64.b64decode(b"".join(body.split()), validate=True))
        # Both are decoded on first use: do it here, where a failure has a place in the file.
        _ = certificate.extensions, public_key_der(certificate.public_key())
    except binascii.Error:
        problem = "has damaged base64"
    except (ValueError, x509.DuplicateExtension, UnsupportedAlgorithm) as error:
        problem = f"cannot be read as X.509 ({error})"
    else:
        return Entry(certificate, document), []
    return None, [
        document.error(f"block {number} {problem}", "copy the certificate again from its CA, whole")
    ]


def _no_certificate(document: Document, labels: Sequence[str]) -> Finding:
    kinds: list[tuple[Callable[[str], bool], str, str]] = [
        (_REQUEST.__contains__, "holds a certificate request", "give the certificate that the CA made of it"),
        (
            lambda label: label.endswith("PRIVATE KEY"),
            "holds a private key where a certificate is expected",
            "give the certificate here and the key in privateKeyFile or the secret privateKey",
        ),
        (
            {"PKCS7", "CMS"}.__contains__,
            "is a PKCS #7 archive",
            f"convert it: openssl pkcs7 -print_certs -in {document.shell_name}",
        ),
        (
            "TRUSTED CERTIFICATE".__eq__,
            "holds an OpenSSL trusted certificate, which Go does not read",
            f"convert it: openssl x509 -in {document.shell_name}",
        ),
    ]
    for applies, problem, remedy in kinds:
        if any(applies(label) for label in labels):
            return document.error(problem, remedy)
    return document.error(
        f"holds no certificate (only {', '.join(labels)})", "give a -----BEGIN CERTIFICATE-----"
    )


def _no_single_key(document: Document, labels: Sequence[str], count: int) -> Finding:
    if count:
        return document.error(f"holds {count} private keys", "leave only the key of the certificate")
    if any(label in _CERTIFICATE for label in labels):
        return document.error(
            "holds a certificate where a private key is expected", "give the key's PEM file"
        )
    return document.error(
        f"holds no private key (only {', '.join(labels)})", "give a -----BEGIN PRIVATE KEY-----"
    )


def _pem(label: str, der: bytes) -> str:
    text = base64.b64encode(der).decode("ascii")
    lines: Iterator[str] = (text[start : start + 64] for start in range(0, len(text), 64))
    return "\n".join([f"-----BEGIN {label}-----", *lines, f"-----END {label}-----", ""])
