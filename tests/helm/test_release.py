"""``HelmRelease``: what it makes, and when it recovers."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import pulumi
import pytest
from pulumi import ResourceHookArgs
from pulumi.runtime.mocks import MockResourceArgs

from components.helm.chart import HelmChart
from components.helm.engine import ReleaseSpec
from components.helm.release import HelmRelease, HelmReleaseArgs
from components.helm.v3 import Helm3
from domain.helm_history import encode
from tests import kubernetes_api
from tests.kubernetes_api import NAMESPACE, FakeApi
from tests.mocks import RecordingMocks, with_engine

RELEASE = "kubernetes:helm.sh/v3:Release"
ROLLOUT = "pulumi-python:dynamic/helm:Rollout"
CHART = HelmChart(
    chart="rancher", repository="https://charts.example.com", version="2.8.5", kubernetes_version="1.28"
)


def outputs(args: MockResourceArgs) -> dict[str, Any]:
    if args.typ == RELEASE:
        return {"status": {"revision": 3, "status": "deployed"}}
    return {}


@pytest.fixture
def mocks() -> RecordingMocks:
    return RecordingMocks(outputs)


def arguments(kubeconfig: str = "kubeconfig") -> HelmReleaseArgs:
    return HelmReleaseArgs(
        engine=Helm3(kubeconfig),
        chart=CHART,
        release="rancher",
        namespace=NAMESPACE,
        kubeconfig=kubeconfig,
        values={"replicas": 3},
        timeout_minutes=20,
    )


@with_engine
def test_release_that_does_not_wait_and_a_roll_out_that_does(mocks: RecordingMocks) -> pulumi.Output[None]:
    cluster = pulumi.ComponentResource("test:index:Cluster", "cluster")
    release = HelmRelease("rancher", arguments(), pulumi.ResourceOptions(deleted_with=cluster))

    def check(values: list[Any]) -> None:
        assert values[0] == 3
        assert mocks.inputs(RELEASE, "rancher-release") == {
            "chart": "rancher",
            "version": "2.8.5",
            "repositoryOpts": {"repo": "https://charts.example.com"},
            "name": "rancher",
            "namespace": NAMESPACE,
            "values": {"replicas": 3},
            "skipAwait": True,
            "createNamespace": False,
            "maxHistory": 10,
        }
        inputs = mocks.inputs(ROLLOUT, "rancher-rollout")
        assert (inputs["release"], inputs["revision"], inputs["timeout_minutes"]) == ("rancher", 3, 20)
        for name in ("rancher-release", "rancher-rollout"):
            assert mocks.requests[name].deletedWith.endswith("::cluster")
        assert list(mocks.requests["rancher-rollout"].additionalSecretOutputs) == ["kubeconfig"]
        assert mocks.requests["rancher-release"].deleteBeforeReplace

    return pulumi.Output.all(release.revision, release.ready.urn).apply(check)


@with_engine
def test_nothing_secret_is_in_the_text_of_the_arguments(mocks: RecordingMocks) -> None:
    assert "s3cret" not in repr(arguments("s3cret"))


@pytest.fixture
def api() -> Iterator[FakeApi]:
    with kubernetes_api.running() as running:
        content = {
            "version": 1,
            "info": {"status": "pending-upgrade"},
            "chart": {"metadata": {"name": "rancher"}},
        }
        labels = {"owner": "helm", "name": "rancher", "status": "pending-upgrade"}
        running.add("api/v1/secrets", "r", metadata={"labels": labels}, data={"release": encode(content)})
        yield running


def spec() -> ReleaseSpec:
    return ReleaseSpec(
        chart=CHART,
        release="rancher",
        namespace=NAMESPACE,
        values={},
        timeout_minutes=1,
    )


def hooks(kubeconfig: str) -> pulumi.ResourceHookBinding:
    binding = Helm3(kubeconfig)._hooks(spec())
    assert binding is not None
    return binding


@pytest.mark.parametrize(("when", "left"), [("before_create", []), ("before_update", ["failed"])])
def test_hooks_repair_the_history(mocks: RecordingMocks, api: FakeApi, when: str, left: list[str]) -> None:
    async def program() -> None:
        [hook] = getattr(hooks(api.kubeconfig), when)
        await hook(ResourceHookArgs("urn", "", "rancher-release", RELEASE))

    asyncio.get_event_loop().run_until_complete(program())
    assert [item["metadata"]["labels"]["status"] for item in api.objects.values()] == left


@with_engine
def test_no_hook_at_preview(monkeypatch: pytest.MonkeyPatch, mocks: RecordingMocks) -> None:
    monkeypatch.setattr(pulumi.runtime, "is_dry_run", lambda: True)
    assert Helm3("kubeconfig")._hooks(spec()) is None
