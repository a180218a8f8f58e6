"""DNS records and the TSIG keys that sign their updates (RFC 8945)."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable, Mapping
from typing import Literal, get_args

from domain.finding import Finding

TsigAlgorithm = Literal["hmac-sha224", "hmac-sha256", "hmac-sha384", "hmac-sha512"]
"""Algorithms that RFC 8945 section 6 recommends or allows, without hmac-md5 and hmac-sha1."""

DEFAULT_TSIG_ALGORITHM: TsigAlgorithm = "hmac-sha256"

_UPDATE_REMEDIES: Mapping[str, str] = {
    "REFUSED": "Allow key {key} to update it (BIND: allow-update or update-policy, and allow-query)",
    "NOTAUTH": "It is not authoritative for the zone: use the zone's primary server, or set the zone to one "
    "of this server",
    "NOTZONE": "The name is not in the zone: set the zone that holds it",
    "NOTIMP": "It does not support dynamic updates: use the zone's primary server, or the DNS mode `command`",
}


def update_remedy(code: str, key: str) -> str:
    """What to do about an update that a server refuses.

    Args:
        code: Its response code (RFC 2136 section 2.2).
        key: Name of the TSIG key.
    """
    return _UPDATE_REMEDIES.get(code, "See the server's log").format(key=key)


def tsig_algorithm_problem(algorithm: str, key: str) -> Finding | None:
    """Checks the algorithm of a TSIG key; ``key`` is the key of the finding."""
    known = get_args(TsigAlgorithm)
    if algorithm in known:
        return None
    return Finding(key, "unknown algorithm", f"Use one of {', '.join(known)}", algorithm)


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
