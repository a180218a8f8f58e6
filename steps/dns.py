"""DNS records of the program's host names."""

from __future__ import annotations

import pulumi

from components.dns import DnsRecord, DnsRecordArgs
from settings import Settings


def record(settings: Settings, name: str, hostname: str, address: pulumi.Input[str]) -> DnsRecord | None:
    """The record of a host name; None when the settings leave it to others."""
    dns = settings.dns
    if dns.dns_mode == "none" or hostname not in settings.dns_names:
        return None
    return DnsRecord(
        name,
        DnsRecordArgs(
            hostname=hostname,
            address=address,
            mode=dns.dns_mode,
            ttl=dns.dns_ttl,
            server=dns.dns_server or "",
            zone=dns.dns_zone or "",
            create_command=dns.dns_create_command,
            delete_command=dns.dns_delete_command,
            resolver=dns.dns_resolver or "",
            timeout_minutes=dns.dns_timeout_minutes,
        ),
    )
