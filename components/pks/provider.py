"""What the dynamic providers of this package share: the one client of the process."""

from __future__ import annotations

import os

from pulumi.dynamic import ConfigureRequest

from components.pks.cli import Pks, shared
from components.pks.credentials import resolve
from components.runtime.provider import Provider


class PksProvider(Provider):
    """A provider that talks to PKS. Credentials come from config or environment, never from inputs."""

    def configure(self, req: ConfigureRequest) -> None:
        """Keep the config; nothing is asked or checked before a call is needed."""
        super().configure(req)
        self._config = req.config

    @property
    def pks(self) -> Pks:
        """The client.

        Raises:
            ProviderError: API address or credentials are not configured.
        """
        return shared(resolve(self._config.get, os.environ))
