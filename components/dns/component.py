"""``DnsRecord``: the record that resolves a host name to an address, and the check that it does."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi

from components.dns.modes import Address, DnsMode
from components.dns.resolution import Resolution
from domain.dns import record_text


@dataclass(frozen=True, kw_only=True)
class DnsRecordArgs(Address):
    """The record, and how it is made.

    Attributes:
        mode: How the record is made; see ``dns_mode``.
        resolver: Resolver to ask as clients do, ``host`` or ``host:port``; empty: the system's.
        timeout_minutes: Longest time until the name resolves; 0: that is not checked.
    """

    mode: DnsMode
    resolver: str = ""
    timeout_minutes: int = 10


class DnsRecord(pulumi.ComponentResource):
    """Type ``rancher-on-pks:dns:DnsRecord``.

    Produces the resource of its mode (Record, or a Command) and a Resolution.

    Attributes:
        record: The record as text, such as ``rancher.example.com. 300 IN A 10.50.0.79``.
        ready: Resources that need the name to resolve depend on these.
    """

    record: pulumi.Output[str]
    ready: list[pulumi.Resource]

    def __init__(self, name: str, args: DnsRecordArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        """Declare the component."""
        super().__init__("rancher-on-pks:dns:DnsRecord", name, None, opts)
        self.ready = []
        made = args.mode.record(f"{name}-record", args, pulumi.ResourceOptions(parent=self))
        if made:
            self.ready.append(made)
        if made and args.timeout_minutes:
            resolution = Resolution(
                f"{name}-resolution",
                hostname=args.hostname,
                address=args.address,
                resolver=args.resolver,
                timeout_minutes=args.timeout_minutes,
                triggers=[made.id],
                opts=pulumi.ResourceOptions(parent=self, depends_on=made),
            )
            self.ready.append(resolution)
        self.record = pulumi.Output.from_input(args.address).apply(
            lambda address: record_text(args.hostname, args.ttl, address)
        )
        self.register_outputs({"record": self.record})
