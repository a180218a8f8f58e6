"""Where the PKS API is and with which identity the CLI logs in to it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from components.runtime.errors import ProviderError

Lookup = Callable[[str], "str | None"]

ENVIRONMENT = {
    "pksApi": "PKS_API",
    "pksUsername": "PKS_USERNAME",
    "pksPassword": "PKS_PASSWORD",
    "pksClient": "PKS_CLIENT",
    "pksClientSecret": "PKS_CLIENT_SECRET",
    "pksCaCertificateFile": "PKS_CA_CERT",
}
"""Config key -> environment variable. The environment wins: the engine gives refresh and destroy the config
recorded at the last update, which is out of date once a password was rotated."""


@dataclass(frozen=True)
class Access:
    """How to reach and log in to one PKS API. A user and a UAA client exclude each other."""

    api: str
    executable: str = "pks"
    username: str = ""
    password: str = field(default="", repr=False)
    client: str = ""
    client_secret: str = field(default="", repr=False)
    ca_file: str = ""

    @property
    def secrets(self) -> tuple[str, ...]:
        """The values that must never appear in a message."""
        return tuple(value for value in (self.password, self.client_secret) if value)


def resolve(config: Lookup, environment: Mapping[str, str]) -> Access:
    """The access that config and environment describe.

    Args:
        config: Gives the value of a config key of the project, or None.
        environment: The process environment.

    Raises:
        ProviderError: Something is missing; the message names everything that is, and where to set it.
    """
    values = {key: environment.get(name) or config(key) or "" for key, name in ENVIRONMENT.items()}
    if environment.get("PKS_CLIENT") and not environment.get("PKS_USERNAME"):
        values["pksUsername"] = ""
    elif environment.get("PKS_USERNAME") and not environment.get("PKS_CLIENT"):
        values["pksClient"] = ""
    identity = ("pksClient", "pksClientSecret") if values["pksClient"] else ("pksUsername", "pksPassword")
    missing = [key for key in ("pksApi", *identity) if not values[key]]
    if missing:
        where = ", ".join(f"{key} (environment variable {ENVIRONMENT[key]})" for key in missing)
        raise ProviderError(
            f"no access to PKS: {where} not set. Set it by `pulumi config set` or in the environment"
        )
    by_client = bool(values["pksClient"])
    return Access(
        api=values["pksApi"],
        executable=config("pksCli") or "pks",
        username="" if by_client else values["pksUsername"],
        password="" if by_client else values["pksPassword"],
        client=values["pksClient"] if by_client else "",
        client_secret=values["pksClientSecret"] if by_client else "",
        ca_file=values["pksCaCertificateFile"],
    )
