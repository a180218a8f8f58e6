"""DNS records of the program's host names."""

from __future__ import annotations

from typing import Any

import pulumi

from components.dns.component import DnsRecord, DnsRecordArgs
from components.dns.modes import DnsMode, dns_mode
from settings import Settings


def preflight(settings: Settings) -> dict[str, Any] | None:
    """Inputs of the check that the records can be made; None if nothing can be checked."""
    return _mode(settings).preflight(settings.dns_names)


def record(settings: Settings, name: str, hostname: str, address: pulumi.Input[str]) -> DnsRecord | None:
    """The record of a host name; None if the program does not make it."""
    if hostname not in settings.dns_names:
        return None
    dns = settings.dns
    return DnsRecord(
        name,
        DnsRecordArgs(
            hostname=hostname,
            address=address,
            mode=_mode(settings),
            ttl=dns.dns_ttl,
            resolver=dns.dns_resolver or "",
            timeout_minutes=dns.dns_timeout_minutes,
        ),
    )


def _mode(settings: Settings) -> DnsMode:
    """The configured mode; its options are the config keys that start with ``dns``."""
    return dns_mode(settings.dns.dns_mode, {key.removeprefix("dns_"): value for key, value in settings.dns})
