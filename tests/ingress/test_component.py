"""``IngressController`` and ``RancherIngress``: what they make."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pulumi
import pytest
import yaml
from pulumi.runtime.mocks import MockResourceArgs

from components.helm.chart import HelmChart
from components.helm.v3 import Helm3
from components.ingress.component import (
    IngressController,
    IngressControllerArgs,
    RancherIngress,
    RancherIngressArgs,
)
from domain import ingress_values
from tests.mocks import RecordingMocks, with_engine

RELEASE = "kubernetes:helm.sh/v3:Release"
VIRTUAL_IP = "pulumi-python:dynamic/ingress:VirtualIp"
CHARTS = Path(__file__).parents[2] / "lab" / "charts"


@pytest.fixture
def mocks() -> RecordingMocks:
    def outputs(args: MockResourceArgs) -> dict[str, Any]:
        if args.typ == RELEASE:
            return {"status": {"revision": 1}}
        return {"address": "10.50.0.79"} if args.typ == VIRTUAL_IP else {}

    return RecordingMocks(outputs)


def controller(values: Mapping[str, Any], **changes: Any) -> IngressController:
    chart = HelmChart(
        chart="ingress-nginx",
        repository="https://charts.example.com",
        version="4.11.5",
        kubernetes_version="1.28",
    )
    cluster = pulumi.ComponentResource("test:index:Cluster", "cluster")
    args: dict[str, Any] = {
        "engine": Helm3("k"),
        "chart": chart,
        "namespace": "cattle-system",
        "kubeconfig": "k",
        "values": values,
    }
    return IngressController(
        "ingress", IngressControllerArgs(**args, **changes), pulumi.ResourceOptions(deleted_with=cluster)
    )


@with_engine
def test_controller_on_each_node_behind_a_virtual_ip(mocks: RecordingMocks) -> pulumi.Output[None]:
    made = controller({}, vip_cidr="10.50.0.0/24")

    def check(values: list[Any]) -> None:
        assert values[0] == "10.50.0.79"
        inputs = mocks.inputs(RELEASE, "ingress-release")
        assert (inputs["name"], inputs["namespace"]) == ("nginx", "cattle-system")
        assert inputs["values"] == {
            "controller": {
                "kind": "DaemonSet",
                "ingressClass": "nginx",
                "publishService": {"enabled": True},
                "service": {"type": "LoadBalancer", "ports": {"http": 80, "https": 443}},
                "admissionWebhooks": {"enabled": False},
            }
        }
        address = mocks.inputs(VIRTUAL_IP, "ingress-vip")
        assert (address["release"], address["network"]) == ("nginx", "10.50.0.0/24")
        assert address["service"]["chart"] == "ingress-nginx"
        assert list(mocks.requests["ingress-vip"].additionalSecretOutputs) == ["kubeconfig"]
        release = mocks.requests["ingress-release"]
        assert any(urn.endswith("::ingress-release") for urn in mocks.requests["ingress-vip"].dependencies)
        for name in ("ingress-release", "ingress-rollout", "ingress-vip"):
            assert mocks.requests[name].deletedWith.endswith("::cluster")
        assert release.type == RELEASE

    return pulumi.Output.all(made.vip, *[resource.urn for resource in made.ready]).apply(check)


@with_engine
def test_users_values_win(mocks: RecordingMocks) -> pulumi.Output[None]:
    theirs = {
        "controller": {"kind": "Deployment", "service": {"loadBalancerIP": "10.50.0.90"}, "replicaCount": 3}
    }
    made = controller(theirs, http_port=8080, https_port=8443)

    def check(_: object) -> None:
        values = mocks.inputs(RELEASE, "ingress-release")["values"]["controller"]
        assert (values["kind"], values["replicaCount"]) == ("Deployment", 3)
        assert values["service"] == {
            "type": "LoadBalancer",
            "ports": {"http": 8080, "https": 8443},
            "loadBalancerIP": "10.50.0.90",
        }
        assert mocks.inputs(VIRTUAL_IP, "ingress-vip")["service"]["loadBalancerIP"] == "10.50.0.90"

    return pulumi.Output.all(*[resource.urn for resource in made.ready]).apply(check)


@pytest.mark.parametrize(
    ("values", "path"),
    [
        ({"service": {"enabled": False}}, "controller.service.enabled"),
        ({"service": {"type": "NodePort"}}, "controller.service.type"),
        ({"service": {"enableHttps": False}}, "controller.service.enableHttps"),
        ({"ingressClass": "public"}, "controller.ingressClass"),
        ({"ingressClassResource": {"name": "public"}}, "controller.ingressClassResource.name"),
    ],
)
def test_values_against_the_design(mocks: RecordingMocks, values: dict[str, Any], path: str) -> None:
    [problem] = ingress_values.problems({"controller": values})
    assert problem.key == path
    assert problem.problem.startswith("must not be ")
    assert ingress_values.problems({"controller": {"service": {"type": "LoadBalancer"}}}) == []


@with_engine
def test_component_refuses_them_too(mocks: RecordingMocks) -> None:
    with pytest.raises(
        pulumi.RunError, match=r"values of the ingress controller: controller\.service\.type: must"
    ):
        controller({"controller": {"service": {"type": "NodePort"}}})


@pytest.mark.parametrize("chart", ["ingress-nginx", "nginx-ingress"])
def test_both_charts_know_the_values(chart: str) -> None:
    known = yaml.safe_load((CHARTS / chart / "values.yaml").read_text())
    # The old chart has the webhook too; the lab's copy of it acts on no such value.
    unknown = [path for path in _paths(ingress_values.defaults(80, 443)) if not _has(known, path)]
    assert unknown in ([], ["controller.admissionWebhooks.enabled"])


def _paths(values: Mapping[str, Any], above: str = "") -> list[str]:
    found = []
    for key, value in values.items():
        found += _paths(value, f"{above}{key}.") if isinstance(value, Mapping) else [f"{above}{key}"]
    return found


def _has(values: Any, path: str) -> bool:
    for part in path.split("."):
        if not isinstance(values, Mapping) or part not in values:
            return False
        values = values[part]
    return True


def ingress(mocks: RecordingMocks, kubernetes: str) -> RancherIngress:
    return RancherIngress(
        "rancher-ingress",
        RancherIngressArgs(
            namespace="cattle-system",
            hostname="czrancherblog.sovsystems.com",
            tls_secret_name="czrancherblog-secret",
            kubernetes_version=kubernetes,
            extra_hostnames=("rancher.example.org",),
        ),
    )


@with_engine
def test_ingress_of_todays_api(mocks: RecordingMocks) -> pulumi.Output[None]:
    def check(_: object) -> None:
        inputs = mocks.inputs("kubernetes:networking.k8s.io/v1:Ingress", "rancher-ingress")
        assert inputs["metadata"]["name"] == "rancher-ingress"
        annotations = inputs["metadata"]["annotations"]
        assert annotations["kubernetes.io/ingress.class"] == "nginx"
        assert annotations["pulumi.com/skipAwait"] == "true"
        backend = {"service": {"name": "rancher", "port": {"number": 80}}}
        path = {"path": "/", "pathType": "Prefix", "backend": backend}
        hosts = ["czrancherblog.sovsystems.com", "rancher.example.org"]
        assert inputs["spec"] == {
            "rules": [{"host": host, "http": {"paths": [path]}} for host in hosts],
            "tls": [{"hosts": hosts, "secretName": "czrancherblog-secret"}],
        }

    return ingress(mocks, "1.19").urn.apply(check)


@with_engine
def test_ingress_of_the_articles_time(mocks: RecordingMocks) -> pulumi.Output[None]:
    def check(_: object) -> None:
        inputs = mocks.inputs("kubernetes:extensions/v1beta1:Ingress", "rancher-ingress")
        assert inputs["apiVersion"] == "extensions/v1beta1"
        rule, _ = inputs["spec"]["rules"]
        assert rule["http"]["paths"] == [{"backend": {"serviceName": "rancher", "servicePort": 80}}]
        [alias] = mocks.requests["rancher-ingress"].aliases
        assert alias.spec.type == "kubernetes:networking.k8s.io/v1:Ingress"

    return ingress(mocks, "1.14").urn.apply(check)
