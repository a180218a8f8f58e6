"""How records are made: one module for each mode, chosen by name from ``MODES``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from components.dns.modes.base import Address, DnsMode
from components.dns.modes.command import CommandMode
from components.dns.modes.none import NoneMode
from components.dns.modes.rfc2136 import Rfc2136Mode

MODES: Mapping[str, type[DnsMode]] = {"none": NoneMode, "rfc2136": Rfc2136Mode, "command": CommandMode}


def dns_mode(name: str, options: Mapping[str, Any]) -> DnsMode:
    """The mode of a name.

    Args:
        name: A key of ``MODES``.
        options: Values of the mode's fields; others are ignored, and None means the default.
    """
    mode = MODES[name]
    given = {field.name: options.get(field.name) for field in fields(mode)}
    return mode(**{key: value for key, value in given.items() if value is not None})


__all__ = ["MODES", "Address", "DnsMode", "dns_mode"]
