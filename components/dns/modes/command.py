"""Mode ``command``: the operator's own commands."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi

from components.dns.modes.base import Address, DnsMode


@dataclass(frozen=True, kw_only=True)
class CommandMode(DnsMode):
    """Runs a command in a shell with the variables DNS_NAME, DNS_ADDRESS and DNS_TTL.

    Attributes:
        create_command: Sets the record and replaces an existing one. Runs at creation and when a variable
            changes.
        delete_command: Removes the record.
    """

    create_command: str
    delete_command: str

    def record(self, name: str, wanted: Address, opts: pulumi.ResourceOptions) -> pulumi.CustomResource:
        from pulumi_command import local  # noqa: PLC0415 - only this mode needs it

        variables = {
            "DNS_NAME": wanted.hostname,
            "DNS_ADDRESS": wanted.address,
            "DNS_TTL": str(wanted.ttl),
        }
        return local.Command(
            name,
            create=self.create_command,
            update=self.create_command,
            delete=self.delete_command,
            environment=variables,
            triggers=[wanted.hostname],  # another name is another record: the old one must be removed
            opts=opts,
        )
