"""Certificates for tests, made on the fly: CAs and what they sign, good ones and bad ones."""

from __future__ import annotations

import datetime
import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed25519, padding, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

# The real time: OpenSSL, asked for a second opinion, knows no other.
NOW = datetime.datetime.now(datetime.UTC).replace(microsecond=0)
HOST = "rancher.example.com"

PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey | dsa.DSAPrivateKey


@dataclass(frozen=True)
class Identity:
    """A certificate with its private key."""

    certificate: x509.Certificate
    key: PrivateKey

    @property
    def pem(self) -> str:
        return self.certificate.public_bytes(serialization.Encoding.PEM).decode()

    @property
    def der(self) -> bytes:
        return self.certificate.public_bytes(serialization.Encoding.DER)

    @property
    def key_pem(self) -> str:
        return private_pem(self.key)


def private_pem(
    key: PrivateKey,
    form: serialization.PrivateFormat = serialization.PrivateFormat.PKCS8,
    passphrase: bytes | None = None,
) -> str:
    encryption: serialization.KeySerializationEncryption = serialization.NoEncryption()
    if passphrase:
        encryption = serialization.BestAvailableEncryption(passphrase)
    return key.private_bytes(serialization.Encoding.PEM, form, encryption).decode()


def ec_key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def name(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def key_usage(**bits: bool) -> x509.KeyUsage:
    names = (
        "digital_signature content_commitment key_encipherment data_encipherment key_agreement "
        "key_cert_sign crl_sign encipher_only decipher_only"
    )
    return x509.KeyUsage(**{bit: bits.get(bit, False) for bit in names.split()})


def make(
    common_name: str,
    issuer: Identity | None = None,
    *,
    key: PrivateKey | None = None,
    ca: bool | None = None,
    path_length: int | None = None,
    names: Sequence[str] = (),
    days: tuple[int, int] = (-1, 365),
    usage: x509.KeyUsage | None = None,
    purposes: Sequence[x509.ObjectIdentifier] = (),
    extra: Sequence[tuple[x509.ExtensionType, bool]] = (),
) -> Identity:
    """A certificate of ``issuer``, or self-signed; ``ca=None`` leaves the basic constraints out."""
    key = key or ec_key()
    builder = (
        x509.CertificateBuilder()
        .subject_name(name(common_name))
        .issuer_name(issuer.certificate.subject if issuer else name(common_name))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(NOW + datetime.timedelta(days=days[0]))
        .not_valid_after(NOW + datetime.timedelta(days=days[1]))
    )
    extensions = list(extra)
    if ca is not None:
        extensions.append((x509.BasicConstraints(ca, path_length), True))
    if names:
        extensions.append((x509.SubjectAlternativeName([general_name(text) for text in names]), False))
    if usage:
        extensions.append((usage, True))
    if purposes:
        extensions.append((x509.ExtendedKeyUsage(purposes), False))
    for extension, critical in extensions:
        builder = builder.add_extension(extension, critical)
    signer = issuer.key if issuer else key
    algorithm = None if isinstance(signer, ed25519.Ed25519PrivateKey) else hashes.SHA256()
    return Identity(builder.sign(signer, algorithm), key)


def with_sha1(identity: Identity, signer: rsa.RSAPrivateKey) -> Identity:
    """The certificate signed again with SHA-1, which the library verifies but will not make."""
    sha256, sha1 = bytes.fromhex("2a864886f70d01010b"), bytes.fromhex("2a864886f70d010105")
    body = identity.certificate.tbs_certificate_bytes.replace(sha256, sha1)
    return _sign(identity, body, sha1, signer.sign(body, padding.PKCS1v15(), hashes.SHA1()))  # noqa: S303


def as_version_1(identity: Identity, signer: rsa.RSAPrivateKey) -> Identity:
    """The certificate (without extensions) as version 1, which the library reads but will not make."""
    body = identity.certificate.tbs_certificate_bytes
    version_3 = bytes.fromhex("a003020102")
    start = body.index(version_3)
    body = _sequence(body[start + len(version_3) :])
    sha256 = bytes.fromhex("2a864886f70d01010b")
    return _sign(identity, body, sha256, signer.sign(body, padding.PKCS1v15(), hashes.SHA256()))


def _sign(identity: Identity, body: bytes, algorithm: bytes, signature: bytes) -> Identity:
    """Put a certificate together from its body, the OID of an RSA signature and the signature."""
    method = _sequence(b"\x06" + bytes([len(algorithm)]) + algorithm + b"\x05\x00")
    bits = b"\x03\x82" + (len(signature) + 1).to_bytes(2, "big") + b"\x00" + signature
    return Identity(x509.load_der_x509_certificate(_sequence(body + method + bits)), identity.key)


def _sequence(content: bytes) -> bytes:
    size = len(content)
    length = bytes([size]) if size < 0x80 else b"\x82" + size.to_bytes(2, "big")
    return b"\x30" + length + content


def root(common_name: str = "Example Root CA", *, path_length: int | None = None) -> Identity:
    return make(common_name, ca=True, path_length=path_length, days=(-100, 3650))


def intermediate(issuer: Identity, common_name: str = "Example Issuing CA") -> Identity:
    usage = key_usage(key_cert_sign=True, crl_sign=True)
    return make(common_name, issuer, ca=True, path_length=0, usage=usage, days=(-50, 1825))


def server(
    issuer: Identity | None,
    *names: str,
    key: PrivateKey | None = None,
    days: tuple[int, int] = (-1, 365),
) -> Identity:
    usage = key_usage(digital_signature=True, key_encipherment=True)
    return make(
        (names or (HOST,))[0],
        issuer,
        key=key,
        ca=False,
        names=names or (HOST,),
        days=days,
        usage=usage,
        purposes=[ExtendedKeyUsageOID.SERVER_AUTH],
    )


def general_name(text: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(text))
    except ValueError:
        return x509.DNSName(text)


def write(folder: Path, file: str, *parts: Identity | str | bytes) -> str:
    """Write certificates (and whatever else) one after the other; returns the path as config has it."""
    path = folder / file
    data = [part.pem if isinstance(part, Identity) else part for part in parts]
    path.write_bytes(b"".join(part.encode() if isinstance(part, str) else part for part in data))
    return str(path)
