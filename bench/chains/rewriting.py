"""Certificates that the library does not make: odd keys, serial numbers, texts, versions and signatures."""

from __future__ import annotations

from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import dsa, ec, padding, rsa

from bench.chains.der import encode, replaced
from bench.chains.keys import Key, compressed_info, explicit_info, named_info

Plan = dict[str, Any]
"""What a certificate or a chain is to be; see ``bench.chains``."""

_SHA256_RSA, _SHA1_RSA = bytes.fromhex("2a864886f70d01010b"), bytes.fromhex("2a864886f70d010105")
_PSS = bytes.fromhex("300b06092a864886f70d01010a")


def rewrite(
    certificate: x509.Certificate, key: Key, signer: Key, plan: Plan, edits: list[list[str]]
) -> bytes:
    body = certificate.tbs_certificate_bytes
    for before, after in edits:
        body = body.replace(before.encode("latin-1"), after.encode("latin-1"))
    if plan.get("version") == 1:
        body = replaced(body, bytes.fromhex("a003020102"), b"")
    if plan.get("serial"):
        raw = certificate.serial_number.to_bytes(certificate.serial_number.bit_length() // 8 + 1, "big")
        new = {"negative": b"\x80" + raw[1:], "zero": b"\x00", "long": b"\x7f" * 22}[plan["serial"]]
        body = replaced(body, encode(0x02, raw), encode(0x02, new))
    if plan.get("explicit") and isinstance(key, ec.EllipticCurvePrivateKey):
        info = compressed_info(key) if plan["explicit"] == "compressed" else explicit_info(key)
        body = replaced(body, named_info(key), info)
    if plan.get("pssKey") and isinstance(key, rsa.RSAPrivateKey):
        form = serialization.PublicFormat
        info = key.public_key().public_bytes(serialization.Encoding.DER, form.SubjectPublicKeyInfo)
        numbers = key.public_key().public_bytes(serialization.Encoding.DER, form.PKCS1)
        body = replaced(body, info, encode(0x30, _PSS + encode(0x03, b"\x00" + numbers)))
    algorithm = certificate.public_bytes(serialization.Encoding.DER)
    algorithm = _algorithm_of(algorithm, len(certificate.tbs_certificate_bytes))
    hashed: Any = hashes.SHA256()
    if plan.get("hash") == "sha1" and isinstance(signer, rsa.RSAPrivateKey):
        body, algorithm = body.replace(_SHA256_RSA, _SHA1_RSA), algorithm.replace(_SHA256_RSA, _SHA1_RSA)
        hashed = hashes.SHA1()  # noqa: S303
    signature = sign(signer, body, hashed)
    if plan.get("broken"):
        signature = signature[:-1] + bytes([signature[-1] ^ 1])
    return encode(0x30, body + algorithm + encode(0x03, b"\x00" + signature))


def sign(signer: Key, body: bytes, hashed: Any) -> bytes:
    """A signature as in certificates."""
    if isinstance(signer, rsa.RSAPrivateKey):
        return signer.sign(body, padding.PKCS1v15(), hashed)
    if isinstance(signer, ec.EllipticCurvePrivateKey):
        return signer.sign(body, ec.ECDSA(hashed))
    if isinstance(signer, dsa.DSAPrivateKey):
        return signer.sign(body, hashed)
    return signer.sign(body)


def _algorithm_of(der: bytes, body_size: int) -> bytes:
    start = (4 if der[1] == 0x82 else 3) + body_size
    return der[start : start + 2 + der[start + 1]]
