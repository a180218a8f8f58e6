"""Base of the providers that talk to PKS."""

from __future__ import annotations

import os

from components.pks.cli import Pks, shared
from components.pks.credentials import resolve
from components.runtime.provider import Provider
from domain.credentials import Lookup


def client(config: Lookup) -> Pks:
    """The one client of the process.

    Raises:
        ProviderError: API address or credentials are not set.
    """
    return shared(resolve(config, os.environ))


class PksProvider(Provider):
    """Talks to PKS through the one client of the process."""

    @property
    def pks(self) -> Pks:
        """See ``client``."""
        return client(self._config.get)
