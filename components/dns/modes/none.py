"""Mode ``none``: people make the records."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi

from components.dns.modes.base import Address, DnsMode


@dataclass(frozen=True, kw_only=True)
class NoneMode(DnsMode):
    """Makes no records."""

    def record(self, name: str, wanted: Address, opts: pulumi.ResourceOptions) -> None:
        del name, wanted, opts
