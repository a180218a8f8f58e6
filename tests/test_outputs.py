"""The contract of the stack's outputs."""

from __future__ import annotations

import dataclasses
from typing import Any

import pulumi
import pytest

from outputs import CONTRACT_VERSION, SECRET, StackOutputs
from tests.mocks import RecordingMocks, with_engine

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
    StackOutputs(**VALUES, vip="10.50.0.79").export()
    assert set(exported) == {
        *("contractVersion", "clusterName", "clusterUuid", "apiEndpoint", "kubernetesVersion", "kubeconfig"),
        *("rancherHostname", "caBundle", "vip"),
    }
    assert await exported["kubeconfig"].is_secret()


@with_engine
def test_another_stack_reads_them() -> pulumi.Output[None]:
    stack = {"contractVersion": CONTRACT_VERSION, "vip": "10.50.0.79"}
    RecordingMocks(lambda args: {"outputs": stack, "secretOutputNames": []})
    outputs = StackOutputs.of(pulumi.StackReference("org/rancher-on-pks/prod"))

    def check(values: list[Any]) -> None:
        assert values == ["10.50.0.79", None]

    return pulumi.Output.all(outputs.vip, outputs.rancher_url).apply(check)


def test_every_output_is_described() -> None:
    documented = StackOutputs.__doc__ or ""
    names = {item.name for item in dataclasses.fields(StackOutputs)}
    assert [name for name in names if f"{name}: " not in documented] == []
    assert names >= SECRET
