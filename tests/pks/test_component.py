"""``PksCluster``: which resources it makes, with which inputs."""

from __future__ import annotations

from typing import Any

import pulumi
import pytest

from components.pks.component import PksCluster, PksClusterArgs
from domain.cluster import ClusterSpec
from tests.mocks import RecordingMocks, with_engine

CLUSTER = "pulumi-python:dynamic/pks:Cluster"
SPEC: dict[str, Any] = {
    "name": "czpksrancher05",
    "external_hostname": "czpksrancher05.sovsystems.com",
    "plan": "rancher",
    "workers": 3,
    "network_profile": "lb-medium",
}
ARGS: dict[str, Any] = {
    "kubernetes_version": "1.28",
    "network_profile_parameters": {"lb_size": "medium"},
}


def args(spec: dict[str, Any] | None = None, **changes: Any) -> PksClusterArgs:
    return PksClusterArgs(spec=ClusterSpec(**{**SPEC, **(spec or {})}), **{**ARGS, **changes})


@pytest.fixture
def mocks() -> RecordingMocks:
    """Gives the outputs that PKS would."""

    def outputs(args: pulumi.runtime.MockResourceArgs) -> dict[str, Any]:
        if args.typ.endswith(":Kubeconfig"):
            return {"kubeconfig": "token", "server": "https://c.test:8443"}
        return {"uuid": "u", "master_ips": ["10.50.0.71"], "kubernetes_version": "1.28.9"}

    return RecordingMocks(outputs)


@with_engine
def test_everything_is_made(mocks: RecordingMocks) -> pulumi.Output[None]:
    cluster = PksCluster("rancher", args())

    def check(values: list[Any]) -> None:
        assert values[:2] == ["u", "https://c.test:8443"]
        assert {name: kind for kind, name, _ in mocks.registered} == {
            "rancher": "rancher-on-pks:pks:PksCluster",
            "rancher-network-profile": "pulumi-python:dynamic/pks:NetworkProfile",
            "rancher-cluster": CLUSTER,
            "rancher-kubeconfig": "pulumi-python:dynamic/pks:Kubeconfig",
            "rancher-kubernetes": "pulumi:providers:kubernetes",
        }
        assert mocks.inputs(CLUSTER, "rancher-cluster")["workers"] == 3
        assert mocks.inputs("pulumi:providers:kubernetes", "rancher-kubernetes")["kubeconfig"] == "token"
        assert not any("password" in name for _, _, inputs in mocks.registered for name in inputs)

    return pulumi.Output.all(cluster.uuid, cluster.api_endpoint, cluster.provider.urn).apply(check)


@with_engine
def test_no_profile_is_made_when_none_is_named(mocks: RecordingMocks) -> pulumi.Output[None]:
    without = args({"network_profile": "", "workers": 5}, network_profile_parameters={})
    cluster = PksCluster("rancher", without)

    def check(_: object) -> None:
        assert "pks:NetworkProfile" not in mocks.types()
        assert mocks.inputs(CLUSTER, "rancher-cluster")["workers"] == 5

    return cluster.provider.urn.apply(check)


@with_engine
def test_options_keep_the_secret_and_the_cluster(mocks: RecordingMocks) -> pulumi.Output[None]:
    cluster = PksCluster("rancher", args(protect=True))

    def check(_: object) -> None:
        assert list(mocks.requests["rancher-kubeconfig"].additionalSecretOutputs) == ["kubeconfig"]
        assert [name for name, request in mocks.requests.items() if request.protect] == ["rancher-cluster"]
        assert mocks.requests["rancher-kubernetes"].deletedWith.endswith("::rancher-cluster")
        # R4: what half a destroy left in the cluster is taken over, with other values too.
        kubernetes = mocks.inputs("pulumi:providers:kubernetes", "rancher-kubernetes")
        assert kubernetes["enablePatchForce"] == kubernetes["upsertExistingObjects"] == "true"
        assert any(
            urn.endswith("::rancher-network-profile")
            for urn in mocks.requests["rancher-cluster"].dependencies
        )

    return cluster.provider.urn.apply(check)


def test_providers_are_pickled_by_reference() -> None:
    """By value, code formatting or a Python upgrade would update every resource."""
    import dill  # noqa: PLC0415

    from components.pks import cluster, kubeconfig, network_profile  # noqa: PLC0415

    providers = [
        cluster.ClusterProvider(),
        kubeconfig.KubeconfigProvider(),
        network_profile.NetworkProfileProvider(),
    ]
    assert all(len(dill.dumps(provider, recurse=True)) < 100 for provider in providers)
    assert not any(provider.serialize_as_secret_always for provider in providers)
