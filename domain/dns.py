"""DNS records and the TSIG keys that sign their updates (RFC 8945)."""

from __future__ import annotations

import base64
import binascii
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
