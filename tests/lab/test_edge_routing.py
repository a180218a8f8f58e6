"""What the data plane makes of Services and Ingresses, by ingress-nginx's rules."""

from __future__ import annotations

from typing import Any

import pytest

from lab.edge.routing import Listener, View, find_site, listeners, sites

Object = dict[str, Any]
NETWORK = "127.77.50.0/24"


def ingress(name: str, host: str, *paths: Object, tls: str = "", **changes: Any) -> Object:
    """An Ingress of class nginx (by annotation) for one host."""
    spec: Object = {"rules": [{"host": host, "http": {"paths": list(paths or (path("/", "web"),))}}]}
    if tls:
        spec["tls"] = [{"hosts": [host], "secretName": tls}]
    metadata = {
        "name": name,
        "namespace": "default",
        "annotations": {"kubernetes.io/ingress.class": "nginx", **changes.get("annotations", {})},
        "creationTimestamp": changes.get("created", "2024-01-01T00:00:00Z"),
    }
    return {"metadata": metadata, "spec": {**spec, **changes.get("spec", {})}}


def path(text: str, service: str, kind: str = "Prefix") -> Object:
    return {"path": text, "pathType": kind, "backend": {"service": {"name": service, "port": {"number": 80}}}}


def service(*ips: str, selector: Object | None = None, **ports: int) -> Object:
    """A load balancer with these addresses; ``ports`` by name."""
    return {
        "metadata": {"name": "controller", "namespace": "cattle-system"},
        "spec": {
            "type": "LoadBalancer",
            "selector": selector or {"app.kubernetes.io/name": "ingress-nginx"},
            "ports": [{"name": name, "port": port, "targetPort": name} for name, port in ports.items()],
        },
        "status": {"loadBalancer": {"ingress": [{"ip": ip} for ip in ips]}},
    }


def endpoint_slice(name: str, namespace: str, *, ready: bool | None = True, **ports: int) -> Object:
    return {
        "metadata": {
            "name": f"{name}-1",
            "namespace": namespace,
            "labels": {"kubernetes.io/service-name": name},
        },
        "ports": [{"name": port, "port": number} for port, number in ports.items()],
        "endpoints": [{"addresses": ["172.16.0.2"], "conditions": {} if ready is None else {"ready": ready}}],
    }


def view(lb: Object, piece: Object) -> View:
    return View({"cattle-system/controller": lb}, {}, {"cattle-system/piece": piece})


def test_listens_on_floating_ips_only() -> None:
    lb = service("127.77.50.9", "100.64.128.125", http=8080, https=8443)
    piece = endpoint_slice("controller", "cattle-system", http=80, https=443)
    assert listeners(view(lb, piece), NETWORK) == {
        Listener("127.77.50.9", 8080, tls=False, container_port=80),
        Listener("127.77.50.9", 8443, tls=True, container_port=443),
    }


@pytest.mark.parametrize(("ready", "open_ports"), [(True, 1), (None, 1), (False, 0)])
def test_listens_only_with_a_ready_controller(ready: bool | None, open_ports: int) -> None:
    lb = service("127.77.50.9", https=443)
    piece = endpoint_slice("controller", "cattle-system", ready=ready, https=443)
    assert len(listeners(view(lb, piece), NETWORK)) == open_ports


@pytest.mark.parametrize(
    ("selector", "is_controller"),
    [
        ({"app.kubernetes.io/name": "ingress-nginx", "app.kubernetes.io/instance": "x"}, True),
        ({"app": "nginx-ingress", "release": "nginx"}, True),
        ({"app": "rancher"}, False),
    ],
)
def test_tells_ingress_controllers_of_both_charts(selector: Object, is_controller: bool) -> None:
    lb = service("127.77.50.9", selector=selector, https=443)
    piece = endpoint_slice("controller", "cattle-system", https=443)
    assert bool(listeners(view(lb, piece), NETWORK)) == is_controller


@pytest.mark.parametrize(
    ("annotation", "class_name", "ours"),
    [
        ("nginx", None, True),
        (None, "nginx", True),
        ("nsx", "nginx", False),
        ("nsx", None, False),
        (None, None, False),
    ],
)
def test_only_class_nginx(annotation: str | None, class_name: str | None, ours: bool) -> None:
    item = ingress("one", "a.example.com", spec={"ingressClassName": class_name} if class_name else {})
    item["metadata"]["annotations"] = {"kubernetes.io/ingress.class": annotation} if annotation else {}
    assert bool(sites([item])) == ours


def test_longest_path_wins_and_an_exact_one_before_it() -> None:
    paths = (path("/", "root"), path("/api", "api"), path("/api/v1", "exact", "Exact"))
    site = sites([ingress("one", "a.example.com", *paths)])["a.example.com"]
    found = {text: site.service(text) for text in ("/", "/apis", "/api", "/api/x", "/api/v1", "/api/v1/x")}
    assert found == {
        "/": "default/root",
        "/apis": "default/root",
        "/api": "default/api",
        "/api/x": "default/api",
        "/api/v1": "default/exact",
        "/api/v1/x": "default/api",
    }


def test_the_older_ingress_wins_a_host() -> None:
    young = ingress("a", "a.example.com", path("/", "young"), tls="young", created="2024-02-01T00:00:00Z")
    old = ingress("b", "a.example.com", path("/", "old"), tls="old", created="2024-01-01T00:00:00Z")
    site = sites([young, old])["a.example.com"]
    assert site.service("/") == "default/old"
    assert site.tls_secret == "default/old"


def test_hosts_are_found_exactly_then_by_wildcard_then_by_none() -> None:
    by_host = sites(
        [
            ingress("one", "a.example.com", path("/", "exact")),
            ingress("two", "*.example.com", path("/", "wild")),
            ingress("three", "", path("/", "any")),
        ]
    )
    hosts = ("a.example.com", "b.example.com", "c.b.example.com", "other.test")
    services = [site.service("/") for host in hosts if (site := find_site(by_host, host))]
    assert services == ["default/exact", "default/wild", "default/any", "default/any"]


def test_ssl_redirect_can_be_turned_off() -> None:
    off = {"nginx.ingress.kubernetes.io/ssl-redirect": "false"}
    on = sites([ingress("one", "a.example.com", tls="secret")])["a.example.com"]
    site = sites([ingress("one", "a.example.com", tls="secret", annotations=off)])["a.example.com"]
    assert (on.ssl_redirect, site.ssl_redirect) == (True, False)


def test_tls_counts_for_the_hosts_that_it_lists() -> None:
    item = ingress("one", "a.example.com", spec={"tls": [{"hosts": ["b.example.com"], "secretName": "x"}]})
    site = sites([item])["a.example.com"]
    assert (site.tls, site.tls_secret) == (False, None)
