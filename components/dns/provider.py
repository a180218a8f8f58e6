"""Base of the providers that change a DNS server."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from components.dns.credentials import TSIG
from components.runtime.provider import Properties, Provider
from domain.credentials import Lookup

if TYPE_CHECKING:
    from components.dns.server import Server


def server(address: str, config: Lookup) -> Server:
    """The client of a server, with the stack's TSIG key.

    Raises:
        ProviderError: The TSIG key is missing or invalid.
    """
    from components.dns.server import Server  # noqa: PLC0415 - a preview without changes needs no DNS

    return Server(address, TSIG.read(config, os.environ))


class DnsProvider(Provider):
    """Signs its messages with the stack's TSIG key."""

    def server(self, properties: Properties) -> Server:
        """The server of a resource; see ``server``."""
        return server(properties["server"], self._config.get)
