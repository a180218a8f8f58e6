"""Certificate chains for comparisons: a plan of plain data, drawn at random, and the PEM that it describes.

A plan can be stored as JSON, built again, and shrunk: what is left out of it has its ordinary value.
"""

from __future__ import annotations

import base64
import copy
import datetime
import functools
import ipaddress
import random
import subprocess
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, ed25519, padding, rsa
from cryptography.hazmat.primitives.serialization import pkcs7
from cryptography.x509.oid import (
    AuthorityInformationAccessOID,
    ExtendedKeyUsageOID,
    NameOID,
    ObjectIdentifier,
)

HOST = "rancher.example.com"
NOW = datetime.datetime.now(datetime.UTC).replace(microsecond=0)

Plan = dict[str, Any]
Key = (
    rsa.RSAPrivateKey
    | ec.EllipticCurvePrivateKey
    | ed25519.Ed25519PrivateKey
    | ed448.Ed448PrivateKey
    | dsa.DSAPrivateKey
)


@dataclass(frozen=True)
class Files:
    """What an operator has: PEM, or what is taken for it."""

    chain: bytes
    key: bytes
    bundle: bytes
    hostname: str = HOST


# --- keys -----------------------------------------------------------------------------------------------
_CURVES: dict[str, type[ec.EllipticCurve]] = {
    "p256": ec.SECP256R1,
    "p384": ec.SECP384R1,
    "p521": ec.SECP521R1,
    "p224": ec.SECP224R1,
    "k256": ec.SECP256K1,
}


@functools.cache
def key_of(name: str) -> Key:
    """The key of a name such as ``p256-leaf``; the kind stands before the dash."""
    kind = name.partition("-")[0]
    if kind in _CURVES:
        return ec.generate_private_key(_CURVES[kind]())
    if kind == "ed25519":
        return ed25519.Ed25519PrivateKey.generate()
    if kind == "ed448":
        return ed448.Ed448PrivateKey.generate()
    if kind == "dsa":
        return dsa.generate_private_key(2048)
    return rsa.generate_private_key(65537, int(kind.removeprefix("rsa")))


# --- one certificate ------------------------------------------------------------------------------------
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
            ObjectIdentifier("1.3.6.1.4.1.311.20.2.3"), _der(0x0C, text.encode())
        ),
    }
    return makers[kind](value)


def _name(text: str) -> x509.Name:
    if not text:
        return x509.Name([])
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


_EXTENSIONS: dict[str, Callable[[], x509.ExtensionType]] = {
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
        der = _rewrite(certificate, key, signer, plan, edits)
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
        yield _EXTENSIONS[name](), critical


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


# --- what the library does not make -----------------------------------------------------------------------
_SHA256_RSA, _SHA1_RSA = bytes.fromhex("2a864886f70d01010b"), bytes.fromhex("2a864886f70d010105")
_PSS = bytes.fromhex("300b06092a864886f70d01010a")


def _rewrite(
    certificate: x509.Certificate, key: Key, signer: Key, plan: Plan, edits: list[list[str]]
) -> bytes:
    body = certificate.tbs_certificate_bytes
    for before, after in edits:
        body = body.replace(before.encode("latin-1"), after.encode("latin-1"))
    if plan.get("version") == 1:
        body = _replaced(body, bytes.fromhex("a003020102"), b"")
    if plan.get("serial"):
        raw = certificate.serial_number.to_bytes(certificate.serial_number.bit_length() // 8 + 1, "big")
        new = {"negative": b"\x80" + raw[1:], "zero": b"\x00", "long": b"\x7f" * 22}[plan["serial"]]
        body = _replaced(body, _der(0x02, raw), _der(0x02, new))
    if plan.get("explicit") and isinstance(key, ec.EllipticCurvePrivateKey):
        info = _compressed_info(key) if plan["explicit"] == "compressed" else _explicit_info(key)
        body = _replaced(body, _named_info(key), info)
    if plan.get("pssKey") and isinstance(key, rsa.RSAPrivateKey):
        form = serialization.PublicFormat
        info = key.public_key().public_bytes(serialization.Encoding.DER, form.SubjectPublicKeyInfo)
        numbers = key.public_key().public_bytes(serialization.Encoding.DER, form.PKCS1)
        body = _replaced(body, info, _der(0x30, _PSS + _der(0x03, b"\x00" + numbers)))
    algorithm = certificate.public_bytes(serialization.Encoding.DER)
    algorithm = _algorithm_of(algorithm, len(certificate.tbs_certificate_bytes))
    hashed: Any = hashes.SHA256()
    if plan.get("hash") == "sha1" and isinstance(signer, rsa.RSAPrivateKey):
        body, algorithm = body.replace(_SHA256_RSA, _SHA1_RSA), algorithm.replace(_SHA256_RSA, _SHA1_RSA)
        hashed = hashes.SHA1()  # noqa: S303
    signature = sign(signer, body, hashed)
    if plan.get("broken"):
        signature = signature[:-1] + bytes([signature[-1] ^ 1])
    return _der(0x30, body + algorithm + _der(0x03, b"\x00" + signature))


def sign(signer: Key, body: bytes, hashed: Any) -> bytes:
    """A signature as in certificates."""
    if isinstance(signer, rsa.RSAPrivateKey):
        return signer.sign(body, padding.PKCS1v15(), hashed)
    if isinstance(signer, ec.EllipticCurvePrivateKey):
        return signer.sign(body, ec.ECDSA(hashed))
    if isinstance(signer, dsa.DSAPrivateKey):
        return signer.sign(body, hashed)
    return signer.sign(body)


# P-256 by its parameters (SEC 2, section 2.4.2), as `openssl ecparam -param_enc explicit` writes it.
_P256 = bytes.fromhex(
    "3081f7020101302c06072a8648ce3d0101022100ffffffff00000001000000000000000000000000ffffffffffffffffffffffff"
    "305b0420ffffffff00000001000000000000000000000000fffffffffffffffffffffffc04205ac635d8aa3a93e7b3ebbd55769886"
    "bc651d06b0cc53b0f63bce3c3e27d2604b031500c49d360886e704936a6678e1139d26b7819f7e900441046b17d1f2e12c4247f8bc"
    "e6e563a440f277037d812deb33a0f4a13945d898c2964fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51"
    "f5022100ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551020101"
)
_EC_KEY, _NAMED_P256 = bytes.fromhex("06072a8648ce3d0201"), bytes.fromhex("06082a8648ce3d030107")


def _named_info(key: ec.EllipticCurvePrivateKey) -> bytes:
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    return key.public_key().public_bytes(serialization.Encoding.DER, form)


def _compressed_info(key: ec.EllipticCurvePrivateKey) -> bytes:
    form = serialization.PublicFormat.CompressedPoint
    point = key.public_key().public_bytes(serialization.Encoding.X962, form)
    return _der(0x30, _der(0x30, _EC_KEY + _NAMED_P256) + _der(0x03, b"\x00" + point))


def _explicit_info(key: ec.EllipticCurvePrivateKey) -> bytes:
    form = serialization.PublicFormat.UncompressedPoint
    point = key.public_key().public_bytes(serialization.Encoding.X962, form)
    return _der(0x30, _der(0x30, _EC_KEY + _P256) + _der(0x03, b"\x00" + point))


def _algorithm_of(der: bytes, body_size: int) -> bytes:
    start = (4 if der[1] == 0x82 else 3) + body_size
    return der[start : start + 2 + der[start + 1]]


def _replaced(body: bytes, old: bytes, new: bytes) -> bytes:
    """A SEQUENCE with something in it replaced; lengths may differ."""
    header = 2 if body[1] < 0x80 else 2 + (body[1] & 0x7F)
    return _der(0x30, body[header:].replace(old, new, 1))


def _der(tag: int, content: bytes) -> bytes:
    size = len(content)
    if size < 0x80:
        return bytes([tag, size]) + content
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(length)]) + length + content


# --- files ------------------------------------------------------------------------------------------------
def make_all(plan: Plan) -> dict[str, Made]:
    """The certificates of a plan by name."""
    made: dict[str, Made] = {}
    for name, part in plan["certificates"].items():
        issuer = part.get("issuer")
        made[name] = make(part, made[issuer] if issuer else None)
    return made


def build(plan: Plan, made: Mapping[str, Made] | None = None) -> Files:
    """The files of a plan: ``certificates`` by name, and which of them are ``sent`` and ``trusted``."""
    made = make_all(plan) if made is None else made
    chain = [_block(made[name], plan, name) for name in plan["sent"] if name in made]
    bundle = [_block(made[name], plan, name) for name in plan["trusted"] if name in made]
    key = b"" if plan.get("noKey") else encode_key(key_of(plan["serverKey"]), plan.get("keyForm", "pkcs8"))
    joiner = plan.get("lineEnds", "\n").encode()
    text = b"".join(chain).replace(b"\n", joiner)
    return Files(_damage(text, plan.get("damage", "")), key, b"".join(bundle))


def _block(made: Made, plan: Plan, name: str) -> bytes:
    label = plan.get("labels", {}).get(name)
    if label == "P7B":
        certificate = x509.load_der_x509_certificate(made.der)
        archive = pkcs7.serialize_certificates([certificate], serialization.Encoding.PEM)
        return archive.replace(b"PKCS7", b"CERTIFICATE")
    return made.pem.replace(b" CERTIFICATE", f" {label}".encode()) if label else made.pem


def _damage(text: bytes, kind: str) -> bytes:
    middle = len(text) // 2
    changes: dict[str, Callable[[], bytes]] = {
        "cut": lambda: text[:middle],
        "letter": lambda: (
            text[:middle] + (b"!" if text[middle : middle + 1] != b"\n" else b"\n!") + text[middle + 1 :]
        ),
        "prose": lambda: b"Bag Attributes\n  friendlyName: rancher\n" + text + b"\nend\n",
        "bom": lambda: b"\xef\xbb\xbf" + text,
        "twice": lambda: text + text,
    }
    return changes[kind]() if kind else text


def encode_key(key: Key, form: str) -> bytes:
    """The key in one of the forms that people have."""
    formats = serialization.PrivateFormat
    plain = serialization.NoEncryption()
    if form in ("pkcs8", "traditional"):
        kind = (
            formats.PKCS8 if form == "pkcs8" or isinstance(key, _PKCS8_ONLY) else formats.TraditionalOpenSSL
        )
        return key.private_bytes(serialization.Encoding.PEM, kind, plain)
    if form == "relabelled":  # a PKCS #1 or SEC 1 body under the label of PKCS #8
        if isinstance(key, _PKCS8_ONLY):
            return key.private_bytes(serialization.Encoding.PEM, formats.PKCS8, plain)
        der = key.private_bytes(serialization.Encoding.DER, formats.TraditionalOpenSSL, plain)
        return b"-----BEGIN PRIVATE KEY-----\n" + base64.encodebytes(der) + b"-----END PRIVATE KEY-----\n"
    if form == "explicit":
        der = key.private_bytes(serialization.Encoding.DER, formats.TraditionalOpenSSL, plain)
        command = ["openssl", "ec", "-inform", "der", "-param_enc", "explicit"]
        return subprocess.run(command, input=der, capture_output=True, check=True).stdout
    if form == "encrypted":
        secret = serialization.BestAvailableEncryption(b"secret")
        return key.private_bytes(serialization.Encoding.PEM, formats.PKCS8, secret)
    return key.private_bytes(serialization.Encoding.DER, formats.PKCS8, plain)


_PKCS8_ONLY = (ed25519.Ed25519PrivateKey, ed448.Ed448PrivateKey)


# --- random plans -------------------------------------------------------------------------------------------
_CA_USAGE = ["key_cert_sign", "crl_sign"]
_SERVER_USAGE = ["digital_signature", "key_encipherment"]


def draw(random_: random.Random) -> Plan:
    """A chain that people have: a good one, changed in none to three places."""
    depth = random_.choice([0, 1, 1, 1, 2, 2, 3])
    ca_kind = random_.choice(["p256", "p256", "p384", "rsa2048", "rsa2048"])
    certificates: dict[str, Plan] = {
        "root": {
            "subject": "Root CA",
            "key": f"{ca_kind}-root",
            "ca": True,
            "days": [-100, 3000],
            "usage": _CA_USAGE,
        }
    }
    above = "root"
    for number in range(depth):
        name = f"ca{number}"
        kind = random_.choice(["p256", ca_kind])
        certificates[name] = {
            "subject": f"Issuing CA {number}",
            "key": f"{kind}-{name}",
            "issuer": above,
            "ca": True,
            "usage": _CA_USAGE,
            "days": [-50, 1000],
        }
        above = name
    kind = random_.choice(["p256", "p256", "rsa2048", "p384"])
    certificates["server"] = {
        "subject": HOST,
        "key": f"{kind}-server",
        "issuer": above,
        "ca": False,
        "usage": _SERVER_USAGE,
        "purposes": ["server"],
        "names": [f"dns:{HOST}"],
    }
    sent = ["server", *(f"ca{number}" for number in reversed(range(depth)))]
    plan: Plan = {
        "certificates": certificates,
        "sent": sent,
        "trusted": ["root"],
        "serverKey": certificates["server"]["key"],
    }
    for _ in range(random_.choice([0, 1, 1, 1, 2, 2, 3])):
        random_.choice(_CHANGES)(plan, random_)
    own_key = plan["serverKey"] == certificates["server"]["key"]
    if own_key and plan.get("keyForm") not in ("encrypted", "der") and random_.random() < _REQUESTED:
        plan["csr"] = True  # the program does not have the key yet
    return plan


_REQUESTED = 0.1


def _any(plan: Plan, random_: random.Random) -> Plan:
    found: Plan = plan["certificates"][random_.choice(sorted(plan["certificates"]))]
    return found


def _ca(plan: Plan, random_: random.Random) -> Plan:
    names = sorted(name for name in plan["certificates"] if name != "server")
    found: Plan = plan["certificates"][random_.choice(names)]
    return found


def _dates(plan: Plan, random_: random.Random) -> None:
    _any(plan, random_)["days"] = random_.choice([[-100, -10], [10, 100], [-10, 5], [-10, 9000]])


def _key_kind(plan: Plan, random_: random.Random) -> None:
    part = _any(plan, random_)
    kind = random_.choice(
        ["rsa1024", "rsa3072", "p521", "p224", "k256", "ed25519", "ed448", "dsa", "rsa2048"]
    )
    part["key"] = f"{kind}-{random_.choice(['x', 'y'])}"
    plan["serverKey"] = plan["certificates"]["server"]["key"]


def _odd_key(plan: Plan, random_: random.Random) -> None:
    choice = random_.random()
    if choice < 0.4:
        part = plan["certificates"]["server"]
        part["key"], part["pssKey"] = "rsa2048-pss", True
        plan["serverKey"] = part["key"]
    elif choice < 0.7:
        part = _any(plan, random_)
        part["key"], part["explicit"] = "p256-odd", random_.choice(["compressed", "parameters"])
        plan["serverKey"] = plan["certificates"]["server"]["key"]
    else:
        plan["certificates"]["server"]["bits"] = random_.choice([8192, 8200, 16384])
        plan["noKey"] = True


def _hash(plan: Plan, random_: random.Random) -> None:
    part = _any(plan, random_)
    part["hash"] = random_.choice(["sha1", "sha384", "sha512", "pss", "sha1"])
    if part["hash"] in ("sha1", "pss"):
        above = part.get("issuer")
        signer = plan["certificates"][above] if above else part
        signer["key"] = f"rsa2048-{random_.choice(['s', 't'])}"
        plan["serverKey"] = plan["certificates"]["server"]["key"]


def _signature(plan: Plan, random_: random.Random) -> None:
    _any(plan, random_)["broken"] = True


def _serial(plan: Plan, random_: random.Random) -> None:
    _any(plan, random_)["serial"] = random_.choice(["negative", "zero", "long"])


def _version(plan: Plan, random_: random.Random) -> None:
    _ca(plan, random_)["version"] = 1


def _basic(plan: Plan, random_: random.Random) -> None:
    _any(plan, random_)["ca"] = random_.choice([None, True, False])


def _path_length(plan: Plan, random_: random.Random) -> None:
    _ca(plan, random_)["pathlen"] = random_.choice([0, 0, 1, 2])


def _key_usage(plan: Plan, random_: random.Random) -> None:
    part = _any(plan, random_)
    usage = random_.choice(
        [
            None,
            ["crl_sign"],
            ["digital_signature"],
            ["key_encipherment"],
            ["key_agreement"],
            _CA_USAGE,
            ["key_cert_sign"],
        ]
    )
    part.pop("usage", None)
    if usage:
        part["usage"] = usage
    part["usageCritical"] = random_.random() < 0.5


def _purposes(plan: Plan, random_: random.Random) -> None:
    part = _any(plan, random_)
    part["purposes"] = random_.choice([["server"], ["client"], ["any"], ["code", "server"], ["code"]])
    part["ekuCritical"] = random_.random() < 0.3


def _names(plan: Plan, random_: random.Random) -> None:
    server = plan["certificates"]["server"]
    names = [
        *[
            "dns:rancher",
            "dns:other.example.org",
            "dns:*.example.com",
            "dns:a.b.example.com",
            "dns:RANCHER.example.com",
        ],
        *[
            "dns:_x.example.com",
            "dns:x..example.com",
            "dns:.example.com",
            "dns:a b.example.com",
            "dns:example.com.",
        ],
        *[
            "ip:10.0.0.1",
            "ip:192.0.2.1",
            "ip:2001:db8::1",
            "mail:a@example.com",
            "mail:a@EXAMPLE.org",
            "mail:nobody",
        ],
        *[
            "uri:https://rancher.example.com/x",
            "uri:https://10.0.0.1/",
            "uri:urn:x:y",
            "uri:https://a.example.com:8443/",
        ],
        *[
            "uri:https://[::1]/",
            "uri:https://a..b/",
            "uri:http://a b/",
            "uri:://x",
            "uri:https://x.example.com:port/",
        ],
        *[
            "uri:http://%zz/",
            "uri:spiffe://cluster.local/ns",
            "uri:relative/path",
            "uri:https://user@example.com/",
        ],
        *["dir:somebody", "other:upn", "id:1.2.3", "dns:*.*.example.com", "dns:r*.example.com", "dns:*"],
    ]
    server["names"] = random_.sample(names, random_.choice([1, 1, 2, 3]))
    if random_.random() < 0.85:
        server["names"].insert(random_.choice([0, len(server["names"])]), f"dns:{HOST}")
    server["sanCritical"] = random_.random() < 0.3
    if random_.random() < 0.2:
        server["subject"] = ""


def _ca_names(plan: Plan, random_: random.Random) -> None:
    part = _ca(plan, random_)
    part["names"] = [
        random_.choice(["mail:ca@example.com", "dir:ca", "uri:http://ca.example.com", "dns:ca.example.org"])
    ]
    part["sanCritical"] = random_.random() < 0.5


def _constraints(plan: Plan, random_: random.Random) -> None:
    limits = [
        *[
            "dns:example.com",
            "dns:.example.com",
            "dns:",
            "dns:example.org",
            "dns:rancher.example.com",
            "dns:EXAMPLE.com",
        ],
        *["dns:a.example.com", "dns:com", "ip:10.0.0.0/8", "ip:0.0.0.0/0", "ip:::/0", "ip:2001:db8::/32"],
        *["mail:example.com", "mail:.example.com", "mail:a@example.com", "mail:EXAMPLE.ORG"],
        *["uri:example.com", "uri:.example.com", "dir:Example", "dir:rancher.example.com", "id:1.2.3"],
    ]
    part = _ca(plan, random_)
    permitted = random_.sample(limits, random_.choice([0, 1, 1, 2, 4]))
    if permitted and random_.random() < 0.7:
        permitted.append(random_.choice(["dns:example.com", "dns:.example.com"]))
    excluded = random_.sample(limits, random_.choice([0, 0, 1, 2]))
    if permitted or excluded:
        part["constraints"] = [sorted(set(permitted)), excluded]
        part["ncCritical"] = random_.random() < 0.7
    if random_.random() < 0.6:
        _names(plan, random_)


def _extension(plan: Plan, random_: random.Random) -> None:
    part = _any(plan, random_)
    part["extensions"] = [[random_.choice(sorted(_EXTENSIONS)), random_.random() < 0.6]]


def _key_ids(plan: Plan, random_: random.Random) -> None:
    part = _any(plan, random_)
    part["aki"] = random_.choice(["none", "wrong", "always", "renewed", "match"])
    part["ski"] = random_.random() < 0.7
    part["akiCritical"], part["skiCritical"] = random_.random() < 0.1, random_.random() < 0.1


def _order(plan: Plan, random_: random.Random) -> None:
    random_.shuffle(plan["sent"])


def _missing(plan: Plan, random_: random.Random) -> None:
    plan["sent"].remove(random_.choice(plan["sent"]))
    if not plan["sent"] or random_.random() < 0.3:
        plan["sent"] = ["server"]


def _surplus(plan: Plan, random_: random.Random) -> None:
    plan["certificates"]["other"] = {"subject": "Other CA", "key": "p256-other", "ca": True}
    plan["certificates"]["stranger"] = {
        "subject": "x",
        "key": "p256-stranger",
        "issuer": "other",
        "names": ["dns:x"],
    }
    place = random_.choice(["sent", "trusted"])
    extra = random_.choice(["root", "other", "stranger", "server", *plan["sent"]])
    plan[place].insert(random_.randrange(len(plan[place]) + 1), extra)


def _trusted(plan: Plan, random_: random.Random) -> None:
    plan["certificates"].setdefault("other", {"subject": "Root CA", "key": "p256-other", "ca": True})
    plan["trusted"] = random_.choice(
        [
            ["other"],
            ["root", "other"],
            ["other", "root"],
            plan["sent"][-1:],
            [*plan["sent"][1:], "root"],
            ["server"],
        ]
    )


def _renewed(plan: Plan, random_: random.Random) -> None:
    """A CA renewed with the same key, several times; some of them are in the bundle or in the chain."""
    name = random_.choice(sorted(set(plan["certificates"]) - {"server"}))
    before = plan["certificates"][name]
    for number in range(random_.choice([1, 1, 2, 8])):
        fresh = copy.deepcopy(before)
        fresh["days"] = random_.choice([[-400, -50], [-5, 2000], [-100, 2500], [30, 3000]])
        fresh["aki"] = random_.choice(["match", "none", "always"])
        plan["certificates"][f"{name}-again{number}"] = fresh
        place = plan[random_.choice(["sent", "trusted", "trusted"])]
        place.insert(random_.randrange(len(place) + 1), f"{name}-again{number}")


def _cross(plan: Plan, random_: random.Random) -> None:
    """A CA cross-signed by another root: a second certificate of its name and key."""
    name = random_.choice(sorted(set(plan["certificates"]) - {"server"}))
    days = random_.choice([[-100, 3000], [-100, -10]])
    plan["certificates"]["second"] = {
        "subject": "Second Root CA",
        "key": "p256-second",
        "ca": True,
        "days": days,
    }
    crossed = {**copy.deepcopy(plan["certificates"][name]), "issuer": "second"}
    plan["certificates"]["crossed"] = crossed
    plan["sent"].insert(random_.randrange(len(plan["sent"]) + 1), "crossed")
    plan["trusted"] = random_.choice([["root"], ["second"], ["root", "second"], ["second", "root"]])


def _new_key(plan: Plan, random_: random.Random) -> None:
    """A root with a new key, and a cross certificate of its name by the old one, as AD CS makes them."""
    key_ids = random_.choice([{}, {"ski": False, "aki": "none"}])
    root = plan["certificates"]["root"]
    root.update(key_ids)
    plan["certificates"]["newroot"] = {**copy.deepcopy(root), "key": "p256-newroot"}
    plan["certificates"]["bridge"] = {**copy.deepcopy(root), "key": "p256-newroot", "issuer": "root"}
    for part in plan["certificates"].values():
        if part.get("issuer") == "root" and part["subject"] != root["subject"]:
            part.update(key_ids)
            if random_.random() < 0.5:
                part["issuer"] = "newroot"
    # The certificates that are issued by it come after it.
    plan["certificates"] = dict(
        sorted(plan["certificates"].items(), key=lambda item: item[0] not in ("root", "newroot", "bridge"))
    )
    plan["trusted"] = random_.choice([["root"], ["newroot"], ["root", "newroot"], ["newroot", "root"]])
    if random_.random() < 0.6:
        plan["sent"].append("bridge")


def _self_signed(plan: Plan, random_: random.Random) -> None:
    plan["certificates"]["server"].pop("issuer", None)
    plan["sent"] = ["server"]
    plan["trusted"] = random_.choice([["server"], ["root"], ["root", "server"]])


def _forms(plan: Plan, random_: random.Random) -> None:
    plan["keyForm"] = random_.choice(["traditional", "relabelled", "encrypted", "der", "relabelled"])


def _other_key(plan: Plan, random_: random.Random) -> None:
    plan["serverKey"] = random_.choice(["p256-another", plan["certificates"]["root"]["key"]])


def _text(plan: Plan, random_: random.Random) -> None:
    choice = random_.random()
    if choice < 0.4:
        plan["damage"] = random_.choice(["cut", "letter", "prose", "bom", "twice"])
    elif choice < 0.6:
        plan["lineEnds"] = "\r\n"
    else:
        label = random_.choice(
            ["TRUSTED CERTIFICATE", "X509 CERTIFICATE", "PKCS7", "CERTIFICATE REQUEST", "P7B"]
        )
        plan["labels"] = {random_.choice(sorted(plan["certificates"])): label}


def _wrong_text(plan: Plan, random_: random.Random) -> None:
    server = plan["certificates"]["server"]
    server["names"] = [f"dns:{HOST}", "dns:buecher.example.com"]
    server["texts"] = random_.choice(
        [[["buecher", "b\xfccher!"]], [["buecher.", "buecher\x00"]], [["\x0c\x13rancher", "\x13\x13rancher"]]]
    )


def _printable(plan: Plan, random_: random.Random) -> None:
    part = _any(plan, random_)
    part["subject"] = random_.choice(["Root_CA @ home", "a_b", "Good CA", "Zertifizierung*"])
    size = chr(len(part["subject"]))
    kind = random_.choice("\x13\x13\x1a\x14\x1e")  # Printable, Visible, T61, BMP
    part["texts"] = [[f"\x0c{size}{part['subject']}", f"{kind}{size}{part['subject']}"]]


_CHANGES: list[Callable[[Plan, random.Random], None]] = [
    *[_dates, _key_kind, _odd_key, _hash, _signature, _serial, _version, _basic, _path_length, _key_usage],
    *[_purposes, _names, _names, _ca_names, _constraints, _constraints, _constraints, _extension, _extension],
    *[
        _key_ids,
        _key_ids,
        _order,
        _missing,
        _surplus,
        _trusted,
        _renewed,
        _renewed,
        _cross,
        _cross,
        _new_key,
        _new_key,
    ],
    *[_self_signed, _forms, _other_key, _text, _wrong_text, _printable],
]


# --- shrinking ----------------------------------------------------------------------------------------------
def shrink(plan: Plan, still: Callable[[Plan], bool]) -> Plan:
    """The smallest plan for which ``still`` holds that leaving out one thing at a time leads to."""
    smaller = True
    while smaller:
        smaller = False
        for candidate in _smaller(plan):
            try:
                holds = still(candidate)
            except (KeyError, ValueError, TypeError, IndexError):
                continue
            if holds:
                plan, smaller = candidate, True
                break
    return plan


def _smaller(plan: Plan) -> Iterator[Plan]:
    for place in ("sent", "trusted"):
        for number in range(len(plan[place])):
            candidate = copy.deepcopy(plan)
            del candidate[place][number]
            yield candidate
    for name in ("damage", "labels", "lineEnds", "keyForm"):
        if name in plan:
            yield {key: value for key, value in plan.items() if key != name}
    used = {*plan["sent"], *plan["trusted"], *(part.get("issuer") for part in plan["certificates"].values())}
    for name, part in plan["certificates"].items():
        if name not in used:
            candidate = copy.deepcopy(plan)
            del candidate["certificates"][name]
            yield candidate
        for key in part:
            if key not in ("subject", "key", "issuer", "ca"):
                candidate = copy.deepcopy(plan)
                del candidate["certificates"][name][key]
                yield candidate
        for key in ("names", "extensions"):
            for number in range(len(part.get(key, []))):
                candidate = copy.deepcopy(plan)
                del candidate["certificates"][name][key][number]
                yield candidate
