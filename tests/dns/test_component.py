"""``DnsRecord``: which resources it makes, with which inputs."""

from __future__ import annotations

from typing import Any

import pulumi
import pytest

from components.dns.component import DnsRecord, DnsRecordArgs
from components.dns.modes import dns_mode
from tests.mocks import RecordingMocks, with_engine

RECORD, RESOLUTION = (f"pulumi-python:dynamic/dns:{name}" for name in ("Record", "Resolution"))
COMMAND = "command:local:Command"
ARGS: dict[str, Any] = {"hostname": "rancher.example.com", "address": "10.50.0.79"}


@pytest.fixture
def mocks() -> RecordingMocks:
    return RecordingMocks()


@with_engine
def test_dynamic_updates(mocks: RecordingMocks) -> pulumi.Output[None]:
    made = DnsRecord(
        "rancher-dns",
        DnsRecordArgs(**ARGS, mode=dns_mode("rfc2136", {"server": "ns1", "zone": None}), ttl=60),
    )

    def check(values: list[Any]) -> None:
        assert values[0] == "rancher.example.com. 60 IN A 10.50.0.79"
        assert {name: kind for kind, name, _ in mocks.registered} == {
            "rancher-dns": "rancher-on-pks:dns:DnsRecord",
            "rancher-dns-claim": "pulumi-python:dynamic/dns:Claim",
            "rancher-dns-record": RECORD,
            "rancher-dns-resolution": RESOLUTION,
        }
        given = mocks.inputs(RECORD, "rancher-dns-record")
        assert {name: value for name, value in given.items() if name != "__provider"} == {
            **ARGS,
            "ttl": 60,
            "server": "ns1",
            "zone": "",
            "move": False,
        }
        before = mocks.requests["rancher-dns-record"].dependencies
        assert any(urn.endswith("::rancher-dns-claim") for urn in before)
        dependencies = mocks.requests["rancher-dns-resolution"].dependencies
        assert any(urn.endswith("::rancher-dns-record") for urn in dependencies)

    return pulumi.Output.all(made.record, *[item.urn for item in made.ready]).apply(check)


@with_engine
def test_commands_get_the_record_by_environment(mocks: RecordingMocks) -> pulumi.Output[None]:
    commands: dict[str, Any] = {"create_command": "./set.sh", "delete_command": "./remove.sh"}
    made = DnsRecord(
        "rancher-dns", DnsRecordArgs(**ARGS, mode=dns_mode("command", commands), timeout_minutes=0)
    )

    def check(_: object) -> None:
        assert mocks.types() == ["rancher-on-pks:dns:DnsRecord", COMMAND]
        assert mocks.inputs(COMMAND, "rancher-dns-record") == {
            "create": "./set.sh",
            "update": "./set.sh",
            "delete": "./remove.sh",
            "environment": {
                "DNS_NAME": "rancher.example.com",
                "DNS_ADDRESS": "10.50.0.79",
                "DNS_TTL": "300",
            },
            "triggers": ["rancher.example.com"],
        }

    return pulumi.Output.all(made.record, *[item.urn for item in made.ready]).apply(check)


@with_engine
def test_mode_none_makes_nothing(mocks: RecordingMocks) -> pulumi.Output[None]:
    mode = dns_mode("none", {"server": "ns1"})
    assert mode.preflight(["rancher.example.com"]) is None
    made = DnsRecord("rancher-dns", DnsRecordArgs(**ARGS, mode=mode))
    assert made.ready == []

    def check(text: str) -> None:
        assert text == "rancher.example.com. 300 IN A 10.50.0.79"
        assert mocks.types() == ["rancher-on-pks:dns:DnsRecord"]

    return pulumi.Output.all(made.record, made.urn).apply(lambda values: check(values[0]))


def test_only_updates_have_a_preflight() -> None:
    names = ["rancher.example.com"]
    commands = dns_mode("command", {"create_command": "a", "delete_command": "b"})
    assert commands.preflight(names) is None
    inputs = dns_mode("rfc2136", {"server": "ns1"}).preflight(names)
    assert inputs == {"hostnames": names, "server": "ns1", "zone": "", "move": False}
