"""DNS records of the program's host names."""

from __future__ import annotations

import pulumi

from components.dns import DnsRecord, DnsRecordArgs
from settings import Settings


def record(settings: Settings, name: str, hostname: str, address: pulumi.Input[str]) -> DnsRecord | None:
    """The record of a host name; None when it is not the program's to make."""
    if settings.dns_mode == "none" or hostname not in settings.dns_names:
        return None
    return DnsRecord(
        name,
        DnsRecordArgs(
            hostname=hostname,
            address=address,
            mode=settings.dns_mode,
            ttl=settings.dns_ttl,
            server=settings.dns_server or "",
            zone=settings.dns_zone or "",
            create_command=settings.dns_create_command,
            delete_command=settings.dns_delete_command,
            resolver=settings.dns_resolver or "",
            timeout_minutes=settings.dns_timeout_minutes,
        ),
    )
