"""``RancherServer``: what it makes, by the age of the chart."""

from __future__ import annotations

import hashlib
from typing import Any

import pulumi
import pytest
from pulumi.runtime.mocks import MockResourceArgs

from components.helm.chart import HelmChart
from components.helm.v3 import Helm3
from components.rancher.endpoint import RancherEndpointArgs
from components.rancher.server import RancherServer, RancherServerArgs
from tests.mocks import RecordingMocks, with_engine

UPGRADE = "pulumi-python:dynamic/rancher:UpgradeCheck"
RELEASE = "kubernetes:helm.sh/v3:Release"
CHECK = "pulumi-python:dynamic/rancher:EndpointCheck"
DELETED = "pulumi-python:dynamic/kubernetes:DeletedObject"


@pytest.fixture
def mocks() -> RecordingMocks:
    def outputs(args: MockResourceArgs) -> dict[str, Any]:
        return {"status": {"revision": 7}} if args.typ == RELEASE else {}

    return RecordingMocks(outputs)


def server(
    version: str = "2.15.0", kubernetes: str = "1.36", port: int = 443, **changes: Any
) -> RancherServer:
    chart = HelmChart(
        chart="rancher",
        repository="https://charts.example.com",
        version=version,
        kubernetes_version=kubernetes,
    )
    args: dict[str, Any] = {
        "engine": Helm3("k"),
        "chart": chart,
        "endpoint": RancherEndpointArgs(
            address="10.50.0.79", port=port, hostname="rancher.example.com", ca_bundle="PEM"
        ),
        "namespace": "cattle-system",
        "kubeconfig": "k",
        **changes,
    }
    cluster = pulumi.ComponentResource("test:index:Cluster", "cluster")
    return RancherServer("rancher", RancherServerArgs(**args), pulumi.ResourceOptions(deleted_with=cluster))


@with_engine
def test_three_replicas_until_they_answer(mocks: RecordingMocks) -> pulumi.Output[None]:
    made = server(triggers=("fingerprint",))

    def check(values: list[Any]) -> None:
        assert values[:3] == ["https://rancher.example.com", "2.15.0", 7]
        inputs = mocks.inputs(RELEASE, "rancher-release")
        assert (inputs["name"], inputs["namespace"], inputs["version"]) == (
            "rancher",
            "cattle-system",
            "2.15.0",
        )
        checksum = hashlib.sha256(b"PEM").hexdigest()
        assert inputs["values"] == {
            "hostname": "rancher.example.com",
            "replicas": 3,
            "privateCA": True,
            "ingress": {"enabled": False, "tls": {"source": "secret"}},
            "extraEnv": [{"name": "RANCHER_ON_PKS_CA_SHA256", "value": checksum}],
        }
        ping = mocks.inputs(CHECK, "rancher-ping")
        assert ping["endpoint"] == {
            "address": "10.50.0.79",
            "port": 443,
            "hostname": "rancher.example.com",
            "ca_bundle": "PEM",
        }
        assert ping["expect"] == "rancher"
        assert ping["triggers"] == [7, "fingerprint"]
        waits_for = [urn.rpartition("::")[2] for urn in mocks.requests["rancher-ping"].dependencies]
        assert "rancher-rollout" in waits_for
        assert "kubernetes:DeletedObject" not in mocks.types()

    return pulumi.Output.all(made.url, made.version, made.revision, made.ready.urn).apply(check)


@pytest.mark.parametrize(
    ("kubernetes", "group"), [("1.14", "extensions/v1beta1"), ("1.20", "networking.k8s.io/v1")]
)
@with_engine
def test_ingress_of_an_old_chart_is_removed_after_each_revision(
    mocks: RecordingMocks, kubernetes: str, group: str
) -> pulumi.Output[None]:
    made = server("2.2.8", kubernetes)

    def check(_: object) -> None:
        inputs = mocks.inputs(DELETED, "rancher-chart-ingress")
        assert inputs["path"] == f"/apis/{group}/namespaces/cattle-system/ingresses/rancher"
        assert inputs["creator"] == 7
        assert list(mocks.requests["rancher-chart-ingress"].additionalSecretOutputs) == ["kubeconfig"]
        waits_for = [urn.rpartition("::")[2] for urn in mocks.requests["rancher-ping"].dependencies]
        assert {"rancher-rollout", "rancher-chart-ingress"} <= set(waits_for)

    return made.ready.urn.apply(check)


@with_engine
def test_another_port_is_in_the_url(mocks: RecordingMocks) -> pulumi.Output[None]:
    def check(url: str) -> None:
        assert url == "https://rancher.example.com:8443"

    return server(port=8443).url.apply(check)


@with_engine
def test_another_ca_restarts_the_pods_and_the_users_variables_stay(
    mocks: RecordingMocks,
) -> pulumi.Output[None]:
    made = server(values={"extraEnv": [{"name": "A", "value": "1"}], "replicas": 3})

    def check(_: object) -> None:
        variables = mocks.inputs(RELEASE, "rancher-release")["values"]["extraEnv"]
        assert [item["name"] for item in variables] == ["RANCHER_ON_PKS_CA_SHA256", "A"]

    return made.ready.urn.apply(check)


@with_engine
def test_version_that_is_not_for_the_cluster(mocks: RecordingMocks) -> None:
    with pytest.raises(pulumi.RunError, match=r"Rancher 2\.8\.5 runs on Kubernetes < 1\.29\.0-0, not 1\.36"):
        server("2.8.5", "1.36")


@with_engine
def test_values_against_the_design(mocks: RecordingMocks) -> None:
    with pytest.raises(pulumi.RunError) as caught:
        server(values={"ingress": {"enabled": True}, "replicas": 1})
    assert [line.split(":")[0] for line in str(caught.value).splitlines()] == ["values of Rancher"] * 2
    assert "rancher-release" not in mocks.requests


@with_engine
def test_an_unsupported_upgrade_is_refused_before_the_release_changes(
    mocks: RecordingMocks,
) -> pulumi.Output[None]:
    pin = {"name": "CATTLE_RANCHER_WEBHOOK_VERSION", "value": "110.0.1+up0.11.1"}
    made = server(values={"extraEnv": [pin]}, check_upgrades=False)

    def check(_: object) -> None:
        inputs = mocks.inputs(UPGRADE, "rancher-upgrade")
        assert (inputs["version"], inputs["webhook"], inputs["enabled"]) == ("2.15.0", pin["value"], False)
        assert inputs["ca_sha256"] == hashlib.sha256(b"PEM").hexdigest()
        order = list(mocks.requests)
        assert order.index("rancher-upgrade") < order.index("rancher-release")

    return made.ready.urn.apply(check)
