"""One certificate of a plan."""

from __future__ import annotations

import base64
import datetime
import ipaddress
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ed448, ed25519, padding, rsa
from cryptography.x509.oid import (
    AuthorityInformationAccessOID,
    ExtendedKeyUsageOID,
    NameOID,
    ObjectIdentifier,
)

from bench.chains.der import encode
from bench.chains.keys import Key, key_of
from bench.chains.rewriting import Plan, rewrite

NOW = datetime.datetime.now(datetime.UTC).replace(microsecond=0)


def _usage(*bits: str) -> x509.KeyUsage:
    names = (
        "digital_signature content_commitment key_encipherment data_encipherment key_agreement "
        "key_cert_sign crl_sign encipher_only decipher_only"
    )
    return x509.KeyUsage(**{name: name in bits for name in names.split()})


_PURPOSES = {
    "server": ExtendedKeyUsageOID.SERVER_AUTH,
    "client": ExtendedKeyUsageOID.CLIENT_AUTH,
    "any": ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE,
    "code": ExtendedKeyUsageOID.CODE_SIGNING,
}


def general_name(text: str) -> x509.GeneralName:
    """A name written as ``dns:example.com``, ``ip:10.0.0.0/8``, ``mail:…``, ``uri:…``, ``dir:…``."""
    kind, _, value = text.partition(":")
    makers: dict[str, Callable[[str], x509.GeneralName]] = {
        "dns": x509.DNSName,
        "mail": x509.RFC822Name,
        "uri": x509.UniformResourceIdentifier,
        "dir": lambda name: x509.DirectoryName(_name(name)),
        "id": lambda oid: x509.RegisteredID(ObjectIdentifier(oid)),
        "ip": lambda ip: x509.IPAddress(ipaddress.ip_network(ip) if "/" in ip else ipaddress.ip_address(ip)),
        "other": lambda text: x509.OtherName(
            ObjectIdentifier("1.3.6.1.4.1.311.20.2.3"), encode(0x0C, text.encode())
        ),
    }
    return makers[kind](value)


def _name(text: str) -> x509.Name:
    if not text:
        return x509.Name([])
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


EXTENSIONS: dict[str, Callable[[], x509.ExtensionType]] = {
    "unknown": lambda: x509.UnrecognizedExtension(ObjectIdentifier("1.2.3.4"), b"\x05\x00"),
    "tlsfeature": lambda: x509.TLSFeature([x509.TLSFeatureType.status_request]),
    "issuerAltName": lambda: x509.IssuerAlternativeName([x509.DNSName("ca.example.com")]),
    "policyConstraints": lambda: x509.PolicyConstraints(0, None),
    "inhibitMapping": lambda: x509.PolicyConstraints(None, 0),
    "inhibitAnyPolicy": lambda: x509.InhibitAnyPolicy(0),
    "policies": lambda: x509.CertificatePolicies([x509.PolicyInformation(ObjectIdentifier("1.2.3.5"), None)]),
    "crl": lambda: x509.CRLDistributionPoints(
        [x509.DistributionPoint([general_name("uri:http://crl.example.com/a.crl")], None, None, None)]
    ),
    "freshestCrl": lambda: x509.FreshestCRL(
        [x509.DistributionPoint([general_name("uri:http://crl.example.com/a.crl")], None, None, None)]
    ),
    "aia": lambda: x509.AuthorityInformationAccess(
        [x509.AccessDescription(AuthorityInformationAccessOID.OCSP, general_name("uri:http://o.example.com"))]
    ),
    "nocheck": x509.OCSPNoCheck,
    "adcsTemplate": lambda: x509.MSCertificateTemplate(ObjectIdentifier("1.3.6.1.4.1.311.21.8.1"), 100, 1),
    "netscape": lambda: x509.UnrecognizedExtension(
        ObjectIdentifier("2.16.840.1.113730.1.1"), bytes.fromhex("03020640")
    ),
    "mappings": lambda: x509.UnrecognizedExtension(
        ObjectIdentifier("2.5.29.33"), bytes.fromhex("300c300a06032a030506032a0306")
    ),
}


@dataclass(frozen=True)
class Made:
    """A certificate, which need not be one that the library reads, and its plan."""

    der: bytes
    plan: Plan
    serial: int
    issuer: x509.Name

    @property
    def key(self) -> str:
        """Name of its key."""
        return str(self.plan["key"])

    @property
    def subject(self) -> x509.Name:
        """Its name."""
        return _name(self.plan["subject"])

    @property
    def pem(self) -> bytes:
        """The certificate as PEM."""
        return (
            b"-----BEGIN CERTIFICATE-----\n" + base64.encodebytes(self.der) + b"-----END CERTIFICATE-----\n"
        )


def make(plan: Plan, issuer: Made | None) -> Made:
    """The certificate of a plan, signed by ``issuer`` or by itself."""
    key, subject = key_of(plan["key"]), _name(plan["subject"])
    signer = key_of(issuer.key) if issuer else key
    start, end = plan.get("days", [-10, 400])
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer.subject if issuer else subject)
        .public_key(_public_key(plan, key))
        .serial_number(x509.random_serial_number() >> 8)
        .not_valid_before(NOW + datetime.timedelta(days=start))
        .not_valid_after(NOW + datetime.timedelta(days=end))
    )
    for extension, critical in _extensions(plan, key, issuer):
        builder = builder.add_extension(extension, critical)
    unhashed = isinstance(signer, ed25519.Ed25519PrivateKey | ed448.Ed448PrivateKey)
    hashed: Any = (
        None
        if unhashed
        else {"sha384": hashes.SHA384(), "sha512": hashes.SHA512()}.get(plan.get("hash", ""), hashes.SHA256())
    )
    if plan.get("hash") == "pss" and isinstance(signer, rsa.RSAPrivateKey):
        mode = padding.PSS(padding.MGF1(hashes.SHA256()), padding.PSS.DIGEST_LENGTH)
        certificate = builder.sign(signer, hashes.SHA256(), rsa_padding=mode)
    else:
        certificate = builder.sign(signer, hashed)
    der = certificate.public_bytes(serialization.Encoding.DER)
    edits = [*plan.get("texts", []), *(issuer.plan.get("texts", []) if issuer else [])]
    odd = ("serial", "pssKey", "broken", "version", "explicit")
    if edits or plan.get("hash") == "sha1" or any(plan.get(name) for name in odd):
        der = rewrite(certificate, key, signer, plan, edits)
    return Made(der, plan, certificate.serial_number, certificate.issuer)


def _public_key(plan: Plan, key: Key) -> Any:
    if plan.get("bits"):  # there is no private key for it
        modulus = random.Random(1).getrandbits(plan["bits"]) | (1 << (plan["bits"] - 1)) | 1  # noqa: S311
        return rsa.RSAPublicNumbers(65537, modulus).public_key()
    return key.public_key()


def _extensions(plan: Plan, key: Key, issuer: Made | None) -> Iterator[tuple[x509.ExtensionType, bool]]:
    if plan.get("version") == 1:
        return
    ca = plan.get("ca")
    if ca is not None:
        yield x509.BasicConstraints(ca, plan.get("pathlen") if ca else None), plan.get("bcCritical", True)
    if "usage" in plan:
        yield _usage(*plan["usage"]), plan.get("usageCritical", True)
    if "purposes" in plan:
        yield (
            x509.ExtendedKeyUsage([_PURPOSES[item] for item in plan["purposes"]]),
            plan.get("ekuCritical", False),
        )
    if plan.get("names"):
        names = [general_name(item) for item in plan["names"]]
        yield x509.SubjectAlternativeName(names), plan.get("sanCritical", False)
    if "constraints" in plan:
        limits = [[general_name(item) for item in group] or None for group in plan["constraints"]]
        yield x509.NameConstraints(*limits), plan.get("ncCritical", True)
    if plan.get("ski", True):
        yield x509.SubjectKeyIdentifier(_key_id(key)), bool(plan.get("skiCritical"))
    yield from _authority(plan, key, issuer)
    for name, critical in plan.get("extensions", []):
        yield EXTENSIONS[name](), critical


def _key_id(key: Key) -> bytes:
    return x509.SubjectKeyIdentifier.from_public_key(key.public_key()).digest


def _authority(plan: Plan, key: Key, issuer: Made | None) -> Iterator[tuple[x509.ExtensionType, bool]]:
    kind, above = plan.get("aki", "match"), key_of(issuer.key) if issuer else key
    if kind == "none":
        return
    key_id = bytes(20) if kind == "wrong" else _key_id(above)
    name = serial = None
    if kind in ("always", "renewed") and issuer:
        name = [x509.DirectoryName(issuer.issuer)]
        serial = issuer.serial + (kind == "renewed")
    yield x509.AuthorityKeyIdentifier(key_id, name, serial), bool(plan.get("akiCritical"))
