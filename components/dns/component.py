"""``DnsRecord``: the record that leads clients to an address, and the check that it does."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import pulumi

from components.dns.resolution import Resolution
from components.dns.rfc2136 import Record


@dataclass(frozen=True, kw_only=True)
class DnsRecordArgs:
    """What record is wanted and who makes it."""

    hostname: str
    """Full name, without final dot."""
    address: pulumi.Input[str]
    """IPv4 address that it leads to."""
    mode: Literal["rfc2136", "command"]
    """By dynamic updates of the zone's primary server, or by the operator's own commands."""
    ttl: int = 300
    """Seconds for which resolvers may keep the record."""
    server: str = ""
    """Mode ``rfc2136``: the zone's primary server, ``host`` or ``host:port``."""
    zone: str = ""
    """Mode ``rfc2136``: the zone; empty: found by asking the server."""
    create_command: str = ""
    """Mode ``command``: sets the record, whatever it was; run in a shell with the variables DNS_NAME,
    DNS_ADDRESS and DNS_TTL, at creation and at every change of one of them."""
    delete_command: str = ""
    """Mode ``command``: removes the record, with the same variables."""
    resolver: str = ""
    """Resolver that is asked as clients would, ``host`` or ``host:port``; empty: the system's."""
    timeout_minutes: int = 10
    """Longest time until the name resolves; 0: it is not checked."""


class DnsRecord(pulumi.ComponentResource):
    """Type ``rancher-on-pks:dns:DnsRecord``.

    Makes a Record (mode ``rfc2136``) or a Command (mode ``command``), and a Resolution.
    """

    record: pulumi.Output[str]
    """The record as text, such as ``rancher.example.com. 300 IN A 10.50.0.79``."""
    ready: list[pulumi.Resource]
    """What needs the name to resolve depends on these."""

    def __init__(self, name: str, args: DnsRecordArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("rancher-on-pks:dns:DnsRecord", name, None, opts)
        make = _updated if args.mode == "rfc2136" else _commanded
        maker = make(f"{name}-record", args, pulumi.ResourceOptions(parent=self))
        self.ready = [maker]
        if args.timeout_minutes:
            resolution = Resolution(
                f"{name}-resolution",
                hostname=args.hostname,
                address=args.address,
                resolver=args.resolver,
                timeout_minutes=args.timeout_minutes,
                triggers=[maker.id],
                opts=pulumi.ResourceOptions(parent=self, depends_on=maker),
            )
            self.ready.append(resolution)
        self.record = record_text(args.hostname, args.ttl, args.address)
        self.register_outputs({"record": self.record})


def record_text(hostname: str, ttl: int, address: pulumi.Input[str]) -> pulumi.Output[str]:
    """The record as a line of a zone file."""
    return pulumi.Output.format("{0}. {1} IN A {2}", hostname, ttl, address)


def _updated(name: str, args: DnsRecordArgs, opts: pulumi.ResourceOptions) -> pulumi.CustomResource:
    return Record(
        name,
        hostname=args.hostname,
        address=args.address,
        ttl=args.ttl,
        server=args.server,
        zone=args.zone,
        opts=opts,
    )


def _commanded(name: str, args: DnsRecordArgs, opts: pulumi.ResourceOptions) -> pulumi.CustomResource:
    from pulumi_command import local  # noqa: PLC0415 - only this mode needs it

    return local.Command(
        name,
        create=args.create_command,
        update=args.create_command,
        delete=args.delete_command,
        environment={"DNS_NAME": args.hostname, "DNS_ADDRESS": args.address, "DNS_TTL": str(args.ttl)},
        triggers=[args.hostname],  # another name is another record: the old one has to be removed
        opts=opts,
    )
