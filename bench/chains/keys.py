"""Keys of test certificates, and the encodings that people and programs give them."""

from __future__ import annotations

import base64
import functools
import subprocess

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, ed25519, rsa

from bench.chains.der import encode

Key = (
    rsa.RSAPrivateKey
    | ec.EllipticCurvePrivateKey
    | ed25519.Ed25519PrivateKey
    | ed448.Ed448PrivateKey
    | dsa.DSAPrivateKey
)

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


_PKCS8_ONLY = (ed25519.Ed25519PrivateKey, ed448.Ed448PrivateKey)


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


# P-256 by its parameters (SEC 2, section 2.4.2), as `openssl ecparam -param_enc explicit` writes it.
_P256 = bytes.fromhex(
    "3081f7020101302c06072a8648ce3d0101022100ffffffff00000001000000000000000000000000ffffffffffffffffffffffff"
    "305b0420ffffffff00000001000000000000000000000000fffffffffffffffffffffffc04205ac635d8aa3a93e7b3ebbd55769886"
    "bc651d06b0cc53b0f63bce3c3e27d2604b031500c49d360886e704936a6678e1139d26b7819f7e900441046b17d1f2e12c4247f8bc"
    "e6e563a440f277037d812deb33a0f4a13945d898c2964fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51"
    "f5022100ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551020101"
)
_EC_KEY, _NAMED_P256 = bytes.fromhex("06072a8648ce3d0201"), bytes.fromhex("06082a8648ce3d030107")


def named_info(key: ec.EllipticCurvePrivateKey) -> bytes:
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    return key.public_key().public_bytes(serialization.Encoding.DER, form)


def compressed_info(key: ec.EllipticCurvePrivateKey) -> bytes:
    form = serialization.PublicFormat.CompressedPoint
    point = key.public_key().public_bytes(serialization.Encoding.X962, form)
    return encode(0x30, encode(0x30, _EC_KEY + _NAMED_P256) + encode(0x03, b"\x00" + point))


def explicit_info(key: ec.EllipticCurvePrivateKey) -> bytes:
    form = serialization.PublicFormat.UncompressedPoint
    point = key.public_key().public_bytes(serialization.Encoding.X962, form)
    return encode(0x30, encode(0x30, _EC_KEY + _P256) + encode(0x03, b"\x00" + point))
