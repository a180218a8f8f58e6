"""DNS records and the TSIG keys that sign their updates (RFC 8945)."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable
from typing import Literal, get_args

from domain.finding import Finding

TsigAlgorithm = Literal["hmac-sha224", "hmac-sha256", "hmac-sha384", "hmac-sha512"]
"""Algorithms that RFC 8945 section 6 recommends or allows, without hmac-md5 and hmac-sha1."""

TSIG_ALGORITHMS: tuple[str, ...] = get_args(TsigAlgorithm)
DEFAULT_TSIG_ALGORITHM: TsigAlgorithm = "hmac-sha256"


def tsig_secret_problem(secret: str, key: str) -> Finding | None:
    """Checks the secret of a TSIG key; the finding does not show it.

    Args:
        secret: Must be base64, as ``tsig-keygen`` prints it.
        key: Key of the finding.
    """
    try:
        valid = bool(base64.b64decode(secret, validate=True))
    except (binascii.Error, ValueError):
        valid = False
    if valid:
        return None
    return Finding(key, "is not base64", 'Set the value of "secret" in the key that tsig-keygen prints')


def record_text(hostname: str, ttl: int, address: str) -> str:
    """An A record as a line of a zone file, such as ``rancher.example.com. 300 IN A 10.50.0.79``."""
    return f"{hostname}. {ttl} IN A {address}"


def occupied(hostname: str, addresses: Iterable[str], server: str, *, move: bool) -> Finding:
    """A name with addresses at the stack's first run: they lead to something else that is in use."""
    shown = ", ".join(addresses)
    if move:
        problem = f"the DNS name {hostname} has the address {shown}; `pulumi up` moves it to this stack"
        return Finding("move", problem, severity="warning")
    return Finding(
        "move",
        f"the DNS name {hostname} already has the address {shown} on {server}",
        "Choose another name, or set this to true to move the name to this stack",
    )
