"""``DnsRecord``: which resources it makes, with which inputs."""

from __future__ import annotations

from typing import Any

import pulumi
import pytest

from components.dns import DnsRecord, DnsRecordArgs, record_text
from tests.mocks import RecordingMocks, with_engine

RECORD, RESOLUTION = (f"pulumi-python:dynamic/dns:{name}" for name in ("Record", "Resolution"))
COMMAND = "command:local:Command"
ARGS: dict[str, Any] = {"hostname": "rancher.example.com", "address": "10.50.0.79"}


@pytest.fixture
def mocks() -> RecordingMocks:
    return RecordingMocks()


@with_engine
def test_dynamic_updates(mocks: RecordingMocks) -> pulumi.Output[None]:
    made = DnsRecord("rancher-dns", DnsRecordArgs(**ARGS, mode="rfc2136", server="ns1", ttl=60))

    def check(values: list[Any]) -> None:
        assert values[0] == "rancher.example.com. 60 IN A 10.50.0.79"
        assert {name: kind for kind, name, _ in mocks.registered} == {
            "rancher-dns": "rancher-on-pks:dns:DnsRecord",
            "rancher-dns-record": RECORD,
            "rancher-dns-resolution": RESOLUTION,
        }
        given = mocks.inputs(RECORD, "rancher-dns-record")
        assert {name: value for name, value in given.items() if name != "__provider"} == {
            **ARGS,
            "ttl": 60,
            "server": "ns1",
            "zone": "",
        }
        dependencies = mocks.requests["rancher-dns-resolution"].dependencies
        assert any(urn.endswith("::rancher-dns-record") for urn in dependencies)

    return pulumi.Output.all(made.record, *[item.urn for item in made.ready]).apply(check)


@with_engine
def test_commands_get_the_record_by_environment(mocks: RecordingMocks) -> pulumi.Output[None]:
    commands: dict[str, Any] = {"create_command": "./set.sh", "delete_command": "./remove.sh"}
    made = DnsRecord("rancher-dns", DnsRecordArgs(**ARGS, mode="command", timeout_minutes=0, **commands))

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
def test_record_to_make_by_hand(mocks: RecordingMocks) -> pulumi.Output[None]:
    def check(text: str) -> None:
        assert text == "rancher.example.com. 300 IN A 10.50.0.79"
        assert mocks.registered == []

    return record_text("rancher.example.com", 300, pulumi.Output.from_input("10.50.0.79")).apply(check)
