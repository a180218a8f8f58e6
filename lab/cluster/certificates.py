"""A cluster's own CA and the keys of its control plane: PKS gives each cluster a CA of its own too."""

from __future__ import annotations

import datetime
import ipaddress
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from lab.cluster.spec import ClusterFiles, ClusterSpec
from lab.pki import write_private

_DAYS = 1461  # PKS's cluster CA lives four years; the lab gives leaf certificates as long
_BOTH = [ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]


@dataclass(frozen=True)
class ClusterPki:
    """Where a cluster keeps its keys and certificates, besides its CA certificate."""

    files: ClusterFiles

    @property
    def ca_key(self) -> Path:
        return self.files.path("pki", "ca.key")

    @property
    def api(self) -> tuple[Path, Path]:
        """Certificate and key of kube-apiserver."""
        return self._pair("apiserver")

    @property
    def etcd(self) -> tuple[Path, Path]:
        """Certificate and key of etcd, with which kube-apiserver also authenticates to etcd."""
        return self._pair("etcd")

    @property
    def service_account_key(self) -> Path:
        return self.files.path("pki", "service-accounts.key")

    def _pair(self, name: str) -> tuple[Path, Path]:
        return self.files.path("pki", f"{name}.crt"), self.files.path("pki", f"{name}.key")


def ensure(files: ClusterFiles, spec: ClusterSpec) -> None:
    """Make what is missing of the cluster's CA and certificates; what exists is kept."""
    pki = ClusterPki(files)
    if not files.ca.exists():  # written after its key: a certificate without key cannot be left behind
        key = ec.generate_private_key(ec.SECP256R1())
        write_private(pki.ca_key, _pem(key))
        write_private(files.ca, _certificate(f"{spec.name} CA", key, None), mode=0o644)
    ca = x509.load_pem_x509_certificate(files.ca.read_bytes())
    ca_key = serialization.load_pem_private_key(pki.ca_key.read_bytes(), None)
    if not isinstance(ca_key, ec.EllipticCurvePrivateKey):
        raise TypeError(f"{pki.ca_key} is not an EC key")
    internal = files.lab.control_plane(spec.slot)
    api_names = [spec.external_hostname, "localhost", "kubernetes", "kubernetes.default"]
    api_names += ["kubernetes.default.svc", "kubernetes.default.svc.cluster.local"]
    for (certificate, key_file), names, ips in (
        (pki.api, api_names, [spec.api_address, "10.100.200.1"]),
        (pki.etcd, ["etcd"], [internal]),
    ):
        if not certificate.exists():
            key = ec.generate_private_key(ec.SECP256R1())
            write_private(key_file, _pem(key))
            pem = _certificate(names[0], key, (ca, ca_key), names, ips)
            write_private(certificate, pem, mode=0o644)
    if not pki.service_account_key.exists():
        write_private(pki.service_account_key, _pem(ec.generate_private_key(ec.SECP256R1())))


def _certificate(
    common_name: str,
    key: ec.EllipticCurvePrivateKey,
    issuer: tuple[x509.Certificate, ec.EllipticCurvePrivateKey] | None,
    dns: list[str] | None = None,
    ips: list[str] | None = None,
) -> bytes:
    """A certificate, chain and all in PEM: a CA without ``issuer``, else a leaf for both ends of TLS."""
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name[:64])])
    now = datetime.datetime.now(datetime.UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer[0].subject if issuer else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(days=_DAYS))
        .add_extension(x509.BasicConstraints(ca=issuer is None, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )
    signer = issuer[1] if issuer else key
    authority = x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key())
    builder = builder.add_extension(authority, critical=False)
    if issuer:
        names: list[x509.GeneralName] = [x509.DNSName(name) for name in dns or []]
        names += [x509.IPAddress(ipaddress.ip_address(ip)) for ip in ips or []]
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
        builder = builder.add_extension(x509.ExtendedKeyUsage(_BOTH), critical=False)
    builder = builder.add_extension(_key_usage(ca=issuer is None), critical=True)
    return builder.sign(signer, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)


def _key_usage(*, ca: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=ca,
        crl_sign=ca,
        encipher_only=False,
        decipher_only=False,
    )


def _pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.TraditionalOpenSSL,  # kube-apiserver reads no public key from PKCS 8
        serialization.NoEncryption(),
    )
