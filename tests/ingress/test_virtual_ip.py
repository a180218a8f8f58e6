"""The virtual IP, read from a Kubernetes API."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any

import pytest

from components.ingress.virtual_ip import VirtualIpProvider
from components.runtime.errors import ProviderError
from tests import kubernetes_api
from tests.kubernetes_api import NAMESPACE, RELEASE_MARKS, FakeApi
from tests.servers import ADDRESS, Request


@pytest.fixture
def api() -> Iterator[FakeApi]:
    with kubernetes_api.running() as running:
        yield running


def service(api: FakeApi, *ips: str, name: str = "controller", **metadata: Any) -> None:
    annotations = {**RELEASE_MARKS, **metadata}
    status = {"loadBalancer": {"ingress": [{"ip": ip} for ip in ips]} if ips else {}}
    spec = {"type": "LoadBalancer"}
    api.add("api/v1/services", name, metadata={"annotations": annotations}, spec=spec, status=status)


def inputs(api: FakeApi, minutes: float = 0.01, **changes: object) -> dict[str, Any]:
    return {
        "release": "nginx",
        "namespace": NAMESPACE,
        "kubeconfig": api.kubeconfig,
        "network": "",
        "service": {"type": "LoadBalancer"},
        "timeout_minutes": minutes,
        "address": None,
        **changes,
    }


def test_waits_for_ncp(api: FakeApi) -> None:
    service(api)

    def later(_request: Request) -> None:
        if len(api.server.requests) == 3:
            service(api, "10.50.0.79", "100.64.128.125")

    api.before = later
    made = VirtualIpProvider().create(inputs(api, minutes=1))
    assert made.outs is not None
    assert (made.id, made.outs["address"]) == (f"{NAMESPACE}/nginx", "10.50.0.79")


def test_other_services_are_not_looked_at(api: FakeApi) -> None:
    api.add("api/v1/services", "backend", metadata={"annotations": RELEASE_MARKS}, spec={"type": "ClusterIP"})
    service(api, "10.50.0.80", **{"meta.helm.sh/release-name": "other"})
    with pytest.raises(ProviderError, match="release nginx has no Service of type LoadBalancer"):
        VirtualIpProvider().create(inputs(api))


def test_why_there_is_no_address(api: FakeApi) -> None:
    service(api, **{"ncp/error.loadbalancer": "SERVICE_LOADBALANCER_UNREALIZED"})
    with pytest.raises(ProviderError, match=r"no address yet; NCP: ncp/error.loadbalancer: SERVICE_LOAD"):
        VirtualIpProvider().create(inputs(api))
    service(api, "10.50.0.79", "100.64.128.125")
    with pytest.raises(ProviderError, match=r"10\.50\.0\.79, 100\.64\.128\.125, none in 10\.60"):
        VirtualIpProvider().create(inputs(api, network="10.60.0.0/24"))


def test_several_addresses_are_an_error_about_the_network(api: FakeApi) -> None:
    service(api, "10.50.0.79", "10.60.0.79")
    with pytest.raises(ProviderError, match=r"10\.50\.0\.79, 10\.60\.0\.79") as caught:
        VirtualIpProvider().create(inputs(api))
    assert caught.value.properties == ("network",)


def test_two_load_balancers_are_one_too_many(api: FakeApi) -> None:
    service(api, "10.50.0.79")
    service(api, "10.50.0.80", name="internal")
    with pytest.raises(ProviderError, match="several Services of type LoadBalancer: controller, internal"):
        VirtualIpProvider().create(inputs(api))


def test_refresh_reads_the_live_address(api: FakeApi, caplog: pytest.LogCaptureFixture) -> None:
    provider, known = VirtualIpProvider(), inputs(api, address="10.50.0.79")
    service(api, "10.50.0.81")
    live = provider.read("id", known).outs
    assert live is not None
    assert live["address"] == "10.50.0.81"
    api.objects.clear()
    assert provider.read("id", known).id == ""
    away = {**known, "kubeconfig": kubernetes_api.kubeconfig(f"https://{ADDRESS}:1")}
    with caplog.at_level(logging.WARNING, "rancher-on-pks"):
        assert provider.read("id", away).outs == away
    assert "the virtual IP is not checked" in caplog.text


def test_read_again_only_when_it_may_have_changed(api: FakeApi) -> None:
    provider, olds = VirtualIpProvider(), inputs(api)
    assert not provider.diff("", olds, {**olds, "timeout_minutes": 5}).changes
    assert provider.diff("", olds, {**olds, "service": {"type": "x"}}).changes
    assert provider.diff("", olds, {**olds, "network": "10.0.0.0/8"}).changes
    assert provider.diff("", olds, {**olds, "kubeconfig": kubernetes_api.kubeconfig("https://b")}).changes
    service(api, "10.50.0.82")
    news = provider.update("", olds, olds).outs
    assert news is not None
    assert news["address"] == "10.50.0.82"
