"""The contract of the stack's outputs."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pulumi
import pytest

from rancher_on_pks import CONTRACT_VERSION, RancherStack, definitions, export
from tests.mocks import RecordingMocks, with_engine

CONTRACTS = Path(__file__).with_name("output_contracts.json")
"""By contract version: each output that a release has exported, with what a reader may count on."""
VALUES: dict[str, Any] = {
    "cluster_name": "c",
    "cluster_uuid": "u",
    "api_endpoint": "https://c.test:8443",
    "kubernetes_version": "1.28.9",
    "kubeconfig": "token",
    "rancher_hostname": "r.test",
    "ca_bundle": "pem",
}


@with_engine
async def test_only_what_is_there_is_exported(monkeypatch: pytest.MonkeyPatch) -> None:
    exported: dict[str, Any] = {}
    monkeypatch.setattr(pulumi, "export", exported.__setitem__)
    export(**VALUES, vip="10.50.0.79", rancher_url=None)
    assert set(exported) == {
        *("contractVersion", "clusterName", "clusterUuid", "apiEndpoint", "kubernetesVersion", "kubeconfig"),
        *("rancherHostname", "caBundle", "vip"),
    }
    assert await exported["kubeconfig"].is_secret()


def read(stack: dict[str, Any], *required: str, secrets: tuple[str, ...] = ()) -> RancherStack:
    RecordingMocks(lambda args: {"outputs": stack, "secretOutputNames": list(secrets)})
    reference = pulumi.StackReference("server", stack_name="org/rancher-on-pks/prod")
    return RancherStack.from_reference(reference, required)


@with_engine
async def test_another_stack_reads_them() -> None:
    stack = {"contractVersion": CONTRACT_VERSION, "vip": "10.50.0.79", "rancherToken": "token-a:b"}
    outputs = read(stack, "vip", secrets=("rancherToken",))
    assert await outputs.vip.future() == "10.50.0.79"
    assert not await outputs.vip.is_secret()
    assert await outputs.anti_affinity_rules.future() is None
    assert await outputs.rancher_token.is_secret()


@pytest.mark.parametrize(
    ("stack", "expected"),
    [
        ({}, "no output contractVersion: it was never updated"),
        ({"contractVersion": "one"}, "no output contractVersion"),
        (
            {"contractVersion": float(CONTRACT_VERSION - 1)},
            r"version 0 .* version 1. Update that stack",
        ),
        ({"contractVersion": float(CONTRACT_VERSION + 1)}, r"version 2 .* Update this program"),
        ({"contractVersion": CONTRACT_VERSION}, r"no output rancherToken \(API token of the administrator\)"),
    ],
)
def test_an_unusable_stack_is_an_error(stack: dict[str, Any], expected: str) -> None:
    @with_engine
    async def program() -> None:
        await read(stack, "rancher_token").rancher_token.future()

    run: Callable[[], object] = program
    with pytest.raises(pulumi.RunError, match=rf"stack org/rancher-on-pks/prod has .*{expected}"):
        run()


def test_the_contract_stays_as_readers_know_it() -> None:
    """An output may be added to a version; to remove, rename or change one takes a new version."""
    known_contract = json.loads(CONTRACTS.read_text())[str(CONTRACT_VERSION)]
    now = {item.name: {"type": item.type, "secret": item.secret} for item in definitions()}
    changed = {name: entry for name, entry in known_contract.items() if now.get(name) != entry}
    assert not changed, f"raise CONTRACT_VERSION: readers of version {CONTRACT_VERSION} count on {changed}"
    assert now == known_contract, f"add the new outputs to {CONTRACTS.name}"


def test_every_output_is_described() -> None:
    assert [item.field for item in definitions() if not item.meaning.endswith(".")] == []
    assert {item.field for item in definitions() if item.secret} == {
        "kubeconfig",
        "rancher_password",
        "rancher_token",
    }
