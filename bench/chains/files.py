"""The files of a plan: chain, key and CA certificates, as an operator has them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.serialization import pkcs7

from bench.chains.certificate import Made, make
from bench.chains.keys import encode_key, key_of
from bench.chains.rewriting import Plan

HOST = "rancher.example.com"


@dataclass(frozen=True)
class Files:
    """What an operator has: PEM, or what is taken for it."""

    chain: bytes
    key: bytes
    bundle: bytes
    hostname: str = HOST


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
