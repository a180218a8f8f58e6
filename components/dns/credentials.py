"""The TSIG key (RFC 8945) that updates are signed with: from config or environment, never from inputs."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from components.runtime.errors import ProviderError

Lookup = Callable[[str], "str | None"]

ENVIRONMENT = {
    "dnsTsigName": "DNS_TSIG_NAME",
    "dnsTsigAlgorithm": "DNS_TSIG_ALGORITHM",
    "dnsTsigSecret": "DNS_TSIG_SECRET",
}
"""Config key -> environment variable. The environment wins: the engine gives refresh and destroy the config
recorded at the last update, which is out of date once the key was rotated."""

ALGORITHMS = ("hmac-sha224", "hmac-sha256", "hmac-sha384", "hmac-sha512")
"""What RFC 8945 section 6 lets one use; hmac-md5 and hmac-sha1 are left out as it advises."""

DEFAULT_ALGORITHM = "hmac-sha256"


@dataclass(frozen=True)
class TsigKey:
    """A shared key."""

    name: str
    algorithm: str
    secret: str = field(repr=False)
    """Base64, as ``tsig-keygen`` prints it."""


def resolve(config: Lookup, environment: Mapping[str, str]) -> TsigKey:
    """The key that config and environment describe.

    Args:
        config: Gives the value of a config key of the project, or None.
        environment: The process environment.

    Raises:
        ProviderError: Something is missing or wrong; the message says what, and where to set it.
    """
    values = {key: environment.get(name) or config(key) or "" for key, name in ENVIRONMENT.items()}
    missing = [key for key in ("dnsTsigName", "dnsTsigSecret") if not values[key]]
    if missing:
        where = ", ".join(f"{key} (environment variable {ENVIRONMENT[key]})" for key in missing)
        raise ProviderError(
            f"no key for DNS updates: {where} not set. Set it by `pulumi config set` (dnsTsigSecret with "
            "--secret) or in the environment"
        )
    algorithm = values["dnsTsigAlgorithm"] or DEFAULT_ALGORITHM
    if algorithm not in ALGORITHMS:
        raise ProviderError(f"dnsTsigAlgorithm = {algorithm}: must be one of {', '.join(ALGORITHMS)}")
    if reason := secret_problem(values["dnsTsigSecret"]):
        raise ProviderError(f"dnsTsigSecret: {reason}")
    return TsigKey(values["dnsTsigName"], algorithm, values["dnsTsigSecret"])


def secret_problem(secret: str) -> str:
    """Why a text cannot be a key's secret; empty when it can."""
    try:
        good = bool(base64.b64decode(secret, validate=True))
    except (binascii.Error, ValueError):
        good = False
    return "" if good else 'is not base64. Give the value of "secret" in the key that tsig-keygen made'
