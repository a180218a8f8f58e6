"""What the dynamic providers that change a DNS server share."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from pulumi.dynamic import ConfigureRequest

from components.dns.credentials import resolve
from components.runtime.provider import Properties, Provider

if TYPE_CHECKING:
    from components.dns.server import Server


class DnsProvider(Provider):
    """A provider that signs its messages with the stack's TSIG key, which is never an input."""

    def configure(self, req: ConfigureRequest) -> None:
        """Keep the config; nothing is asked or checked before a call is needed."""
        super().configure(req)
        self._config = req.config

    def server(self, known: Properties) -> Server:
        """The server of a resource.

        Raises:
            ProviderError: No TSIG key is configured.
        """
        from components.dns.server import Server  # noqa: PLC0415 - a preview without changes needs no DNS

        return Server(known["server"], resolve(self._config.get, os.environ))
