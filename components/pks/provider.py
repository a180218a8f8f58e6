"""Base of the providers that talk to PKS."""

from __future__ import annotations

import os

from components.pks.cli import Pks, shared
from components.pks.credentials import resolve
from components.runtime.provider import Provider


class PksProvider(Provider):
    """Talks to PKS through the one client of the process."""

    @property
    def pks(self) -> Pks:
        """The client.

        Raises:
            ProviderError: API address or credentials are not set.
        """
        return shared(resolve(self._config.get, os.environ))
