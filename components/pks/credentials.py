"""Credentials of the PKS API."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from components.runtime.credentials import require
from domain.credentials import Field, Lookup, System

PKS = System(
    "pks",
    "PKS",
    (
        Field("api", "PKS_API"),
        Field("username", "PKS_USERNAME"),
        Field("password", "PKS_PASSWORD", secret=True),
        Field("client", "PKS_CLIENT"),
        Field("client_secret", "PKS_CLIENT_SECRET", secret=True),
        Field("ca_certificate_file", "PKS_CA_CERT"),
    ),
)


@dataclass(frozen=True)
class Access:
    """An identity on one PKS API: a user, or a client of its UAA.

    Attributes:
        api: Host name of the API.
        executable: The CLI, a name on PATH or a path.
        username: Name of the user; empty: a client logs in.
        password: The user's password.
        client: Name of the client; empty: a user logs in.
        client_secret: The client's secret.
        ca_file: File with the CA of the API; empty: the system's CAs.
    """

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

    An identity in the environment wins over one of the other kind in the config.

    Args:
        config: Returns the value of a config key, or None.
        environment: The process environment.

    Raises:
        ProviderError: Something is missing; the message names everything that is, and where to set it.
    """
    login = PKS.read(config, environment)
    given = [bool(environment.get(PKS.variable(kind))) for kind in ("username", "client")]
    by_client = bool(login["client"]) and given != [True, False]
    identity = ("client", "client_secret") if by_client else ("username", "password")
    require(login, "api", *identity)
    chosen = {name: login[name] for name in identity}
    executable = config(PKS.key("cli")) or "pks"
    return Access(login["api"], executable, **chosen, ca_file=login["ca_certificate_file"])
