"""With which identity BOSH and vCenter are asked."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from pulumi.dynamic import ConfigureRequest

from components.runtime.errors import ProviderError
from components.runtime.provider import Provider

Lookup = Callable[[str], "str | None"]

VSPHERE = {
    "vsphereServer": "VSPHERE_SERVER",
    "vsphereUser": "VSPHERE_USER",
    "vspherePassword": "VSPHERE_PASSWORD",
}
"""Config key -> environment variable, those of the vSphere plugin. The environment wins: the engine gives
refresh and destroy the config recorded at the last update, out of date once a password was rotated."""

BOSH = {
    "boshEnvironment": "BOSH_ENVIRONMENT",
    "boshClient": "BOSH_CLIENT",
    "boshClientSecret": "BOSH_CLIENT_SECRET",
    "boshCaCertificateFile": "BOSH_CA_CERT",
}
"""Config key -> environment variable of the ``bosh`` CLI, which may have the rest in its own config file."""


@dataclass(frozen=True)
class VCenterAccess:
    """A login at one vCenter; ``server`` is ``host`` or ``host:port``."""

    server: str
    user: str
    password: str = field(repr=False)


@dataclass(frozen=True)
class BoshAccess:
    """The ``bosh`` CLI and the variables that it gets on top of the process's own."""

    executable: str
    variables: Mapping[str, str] = field(repr=False)

    @property
    def environment(self) -> str:
        """The Director, as a person would name it."""
        return self.variables.get("BOSH_ENVIRONMENT") or "the Director of the bosh CLI's own configuration"


def vcenter(config: Lookup, environment: Mapping[str, str]) -> VCenterAccess:
    """The access to vCenter that environment and config describe.

    Raises:
        ProviderError: Something is missing; the message names everything that is, and where to set it.
    """
    values = {key: environment.get(name) or config(key) or "" for key, name in VSPHERE.items()}
    missing = [f"{key} (environment variable {name})" for key, name in VSPHERE.items() if not values[key]]
    if missing:
        raise ProviderError(
            f"no access to vCenter: {', '.join(missing)} not set. Set it by `pulumi config set` (the "
            "password with --secret) or in the environment, or antiAffinity to off"
        )
    return VCenterAccess(values["vsphereServer"], values["vsphereUser"], values["vspherePassword"])


def bosh(config: Lookup, environment: Mapping[str, str], executable: str) -> BoshAccess:
    """The access to the Director; what neither environment nor config has is left to the CLI."""
    values = {name: environment.get(name) or config(key) or "" for key, name in BOSH.items()}
    return BoshAccess(executable, {name: value for name, value in values.items() if value})


class PlacementProvider(Provider):
    """A provider that asks BOSH or vCenter. Credentials come from environment or config, not from inputs."""

    def configure(self, req: ConfigureRequest) -> None:
        """Keep the config; nothing is asked or checked before a call is needed."""
        super().configure(req)
        self._config = req.config

    @property
    def vcenter(self) -> VCenterAccess:
        """The access to vCenter.

        Raises:
            ProviderError: Something is not configured.
        """
        return vcenter(self._config.get, os.environ)

    def bosh(self, executable: str) -> BoshAccess:
        """The access to the Director by this CLI."""
        return bosh(self._config.get, os.environ, executable)
