"""Certificates of the lab: its enterprise CA, the CA of each cluster, and the certificates that they sign."""

from __future__ import annotations

import datetime
import ipaddress
import os
import ssl
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from lab.layout import Lab

_CA_DAYS = 3650
_LEAF_DAYS = 825
_BOTH_ENDS = [ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]


@dataclass(frozen=True)
class Issuer:
    """A CA that can sign."""

    name: x509.Name
    key: ec.EllipticCurvePrivateKey = field(repr=False)

    @classmethod
    def load(cls, certificate_file: Path, key_file: Path) -> Issuer:
        """Loads the CA from these files.

        Raises:
            TypeError: The key's type differs from that of ``new_key``.
        """
        key = serialization.load_pem_private_key(key_file.read_bytes(), None)
        if not isinstance(key, ec.EllipticCurvePrivateKey):
            raise TypeError(f"{key_file} is not an EC key")
        return cls(x509.load_pem_x509_certificate(certificate_file.read_bytes()).subject, key)


def ensure_ca(lab: Lab) -> None:
    """Creates the CA (``ca/ca.crt``, ``ca/ca.key``) if necessary."""
    ensure_authority(lab.ca_certificate, lab.ca_key, "Lab Enterprise CA")


def ensure_authority(certificate_file: Path, key_file: Path, common_name: str) -> None:
    """Creates a CA in these files if necessary, the key first: no certificate exists without its key."""
    if not certificate_file.exists():
        key = new_key()
        write_private(key_file, key_pem(key))
        write_private(certificate_file, certificate(common_name, key.public_key(), key), mode=0o644)


def server_certificate(
    lab: Lab, name: str, ips: Iterable[str] = (), dns: Iterable[str] = ()
) -> tuple[Path, Path]:
    """Returns a simulator's certificate and key files for these addresses, created once."""
    files = lab.path("ca", f"{name}.crt"), lab.path("ca", f"{name}.key")
    ensure_leaf(files, Issuer.load(lab.ca_certificate, lab.ca_key), name, ips, dns)
    return files


def server_context(lab: Lab, name: str, ips: Iterable[str]) -> ssl.SSLContext:
    """Returns the TLS context of a simulator on these addresses."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(*server_certificate(lab, name, ips))
    return context


def ensure_leaf(
    files: tuple[Path, Path],
    issuer: Issuer,
    common_name: str,
    ips: Iterable[str] = (),
    dns: Iterable[str] = (),
) -> None:
    """Creates a certificate for TLS servers and clients, and its key, in these files if necessary."""
    certificate_file, key_file = files
    if not certificate_file.exists():
        key = new_key()
        write_private(key_file, key_pem(key))
        names: list[x509.GeneralName] = [x509.DNSName(host) for host in dns]
        names += [x509.IPAddress(ipaddress.ip_address(ip)) for ip in ips]
        write_private(certificate_file, certificate(common_name, key.public_key(), issuer, names), mode=0o644)


def certificate(
    subject: str | x509.Name,
    public_key: CertificatePublicKeyTypes,
    issuer: Issuer | ec.EllipticCurvePrivateKey,
    names: Iterable[x509.GeneralName] = (),
) -> bytes:
    """Returns a certificate as PEM: a leaf for ``names``, or a self-signed CA if ``issuer`` is its key."""
    subject = named(subject) if isinstance(subject, str) else subject
    ca = not isinstance(issuer, Issuer)
    signer = issuer.key if isinstance(issuer, Issuer) else issuer
    now = datetime.datetime.now(datetime.UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer.name if isinstance(issuer, Issuer) else subject)
        .public_key(public_key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(days=_CA_DAYS if ca else _LEAF_DAYS))
        .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
        .add_extension(_key_usage(ca=ca), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public_key), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False
        )
    )
    if not ca:
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
        builder = builder.add_extension(x509.ExtendedKeyUsage(_BOTH_ENDS), critical=False)
    return builder.sign(signer, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)


def named(common_name: str, organization: str = "") -> x509.Name:
    """Returns the subject of a certificate."""
    parts = [(NameOID.ORGANIZATION_NAME, organization), (NameOID.COMMON_NAME, common_name[:64])]
    return x509.Name([x509.NameAttribute(oid, text) for oid, text in parts if text])


def new_key() -> ec.EllipticCurvePrivateKey:
    """Generates a private key."""
    return ec.generate_private_key(ec.SECP256R1())


def key_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    """Returns the key as unencrypted PEM, which kube-apiserver accepts for service accounts too."""
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.TraditionalOpenSSL,
        serialization.NoEncryption(),
    )


def write_private(path: Path, content: bytes, mode: int = 0o600) -> None:
    """Writes a file atomically: a reader, or a run after a crash, never sees part of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
    temporary.replace(path)


def _key_usage(*, ca: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        content_commitment=False,
        key_encipherment=not ca,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=ca,
        crl_sign=ca,
        encipher_only=False,
        decipher_only=False,
    )
