"""Values that take images from a registry, by chart and version (rendered by Helm in tests/lab)."""

from __future__ import annotations

from typing import Any

import pytest

from domain import ingress_values, rancher_values
from domain.chart_images import ingress_images, rancher_images, relevant
from domain.finding import FindingError
from domain.images import ImageRegistry
from domain.rancher_releases import release

HERE = ImageRegistry("h.example/p")
PRIVATE = ImageRegistry("h.example/p", "login")
DIGEST = "sha256:" + "ab" * 32


def paths(values: dict[str, Any], *at: str) -> dict[str, object]:
    found: dict[str, object] = {}
    for name, value in values.items():
        place = (*at, name)
        found |= paths(value, *place) if isinstance(value, dict) else {".".join(place): value}
    return found


REGISTRIES = {
    "controller.image.registry": "h.example/p",
    "controller.admissionWebhooks.patch.image.registry": "h.example/p",
    "defaultBackend.image.registry": "h.example/p",
}


def repositories(controller: str, backend: str = "defaultbackend-amd64") -> dict[str, str]:
    return {
        "controller.image.repository": f"h.example/p/{controller}",
        "controller.admissionWebhooks.patch.image.repository": "h.example/p/jettech/kube-webhook-certgen",
        "defaultBackend.image.repository": f"h.example/p/{backend}",
    }


QUAY = "kubernetes-ingress-controller/nginx-ingress-controller"
OLD = {**repositories(QUAY), "controller.image.registry": "h.example/p"}
OLD.pop("controller.image.repository")


@pytest.mark.parametrize(
    ("chart", "version", "expected"),
    [
        ("ingress-nginx", "4.15.1", {"global.image.registry": "h.example/p"}),
        ("ingress-nginx", "4.12.0", {"global.image.registry": "h.example/p"}),
        ("ingress-nginx", "5.0.0", {"global.image.registry": "h.example/p"}),
        ("another", "latest", {"global.image.registry": "h.example/p"}),
        (
            "ingress-nginx",
            "4.11.5",
            {**REGISTRIES, "controller.opentelemetry.image.registry": "h.example/p"},
        ),
        ("ingress-nginx", "4.8.3", REGISTRIES),
        ("ingress-nginx", "3.32.0", REGISTRIES),
        ("ingress-nginx", "3.31.0", repositories("ingress-nginx/controller")),
        ("ingress-nginx", "2.12.0", repositories("k8s-artifacts-prod/ingress-nginx/controller")),
        ("ingress-nginx", "2.10.0", repositories(QUAY)),
        ("nginx-ingress", "1.41.3", OLD),
        ("nginx-ingress", "1.40.3", repositories(QUAY)),
        ("nginx-ingress", "1.6.10", repositories(QUAY, "defaultbackend")),
    ],
)
def test_ingress(chart: str, version: str, expected: dict[str, str]) -> None:
    assert paths(ingress_values.image_values(chart, version, HERE)) == expected
    secret = {"imagePullSecrets": [{"name": "login"}]}
    assert paths(ingress_values.image_values(chart, version, PRIVATE)) == {**expected, **secret}
    assert ingress_values.image_values(chart, version, None) == {}


DEFAULT = {"systemDefaultRegistry": "h.example/p", "useBundledSystemChart": True}
OWN = {"rancherImage": "h.example/p/rancher/rancher"}
CATTLE = [{"name": "CATTLE_SYSTEM_DEFAULT_REGISTRY", "value": "h.example/p"}]


@pytest.mark.parametrize(
    ("version", "expected"),
    [
        ("2.2.8", {**OWN, "extraEnv": CATTLE, "busyboxImage": "h.example/p/library/busybox"}),
        ("2.3.0", {**DEFAULT, **OWN, "busyboxImage": "h.example/p/library/busybox"}),
        ("2.6.9", {**DEFAULT, **OWN, "busyboxImage": "h.example/p/rancher/mirrored-library-busybox"}),
        (
            "2.8.5",
            {**DEFAULT, **OWN, "auditLog.image.repository": "h.example/p/rancher/mirrored-bci-micro"},
        ),
        (
            "2.12.2",
            {**DEFAULT, **OWN, "auditLog.image.repository": "h.example/p/rancher/mirrored-bci-micro"},
        ),
        ("2.12.3", DEFAULT),
        ("2.15.0", DEFAULT),
    ],
)
def test_rancher(version: str, expected: dict[str, Any]) -> None:
    chosen = release(version)
    assert paths(rancher_values.image_values(chosen, HERE)) == expected
    secret: dict[str, Any] = {"imagePullSecrets": [{"name": "login"}]}
    if version == "2.15.0":
        secret["systemRegistryInheritsPullSecrets"] = True
    assert paths(rancher_values.image_values(chosen, PRIVATE)) == {**expected, **secret}
    assert rancher_values.image_values(chosen, None) == {}


@pytest.mark.parametrize(
    ("version", "registry", "count"),
    [("2.14.0", PRIVATE, 1), ("2.15.0", PRIVATE, 0), ("2.14.0", HERE, 0), ("2.14.0", None, 0)],
)
def test_what_pulls_without_the_login(version: str, registry: ImageRegistry | None, count: int) -> None:
    assert len(list(rancher_values.image_doubts(release(version), registry))) == count


def test_variables_of_program_and_user_are_both_set() -> None:
    user = {"extraEnv": [{"name": "A", "value": "b"}]}
    design = {"hostname": "r.example.com", "replicas": 3, "private_ca": True}
    found = rancher_values.values(user, release("2.2.8"), HERE, **design)  # type: ignore[arg-type]
    assert found["extraEnv"] == [*CATTLE, *user["extraEnv"]]
    assert "extraEnv" not in rancher_values.values({}, release("2.15.0"), HERE, **design)  # type: ignore[arg-type]


def test_images_beside_the_charts_own() -> None:
    """Containers and modules that the user adds."""
    values = {
        "controller": {
            "image": {"registry": "r.example", "image": "c", "tag": "1", "digest": DIGEST},
            "extraContainers": [{"name": "a", "image": "sidecar:1"}, "odd", {"name": "none"}],
            "extraInitContainers": [{"name": "b", "image": "busybox"}],
            "extraModules": [{"name": "m", "image": {"registry": "r.example", "image": "m", "tag": "2"}}],
        },
        "defaultBackend": {"enabled": "false", "extraContainers": [{"image": "off:1"}]},
    }
    assert [str(image) for image in ingress_images(values)] == [
        f"r.example/c:1@{DIGEST}",
        "r.example/m:2",
        "docker.io/library/sidecar:1",
        "docker.io/library/busybox:latest",
    ]


@pytest.mark.parametrize(
    "values",
    [{}, {"controller": 5}, {"controller": {"image": []}}, {"controller": {"image": {"image": {"a": 1}}}}],
)
def test_values_of_another_kind_are_refused(values: dict[str, Any]) -> None:
    with pytest.raises(FindingError, match="is not the name of an image"):
        ingress_images(values)
    with pytest.raises(FindingError, match="is not the name of an image"):
        rancher_images({"image": values, "rancherImage": "A B"}, release("2.15.0"), "v1")


def test_only_what_is_about_images_is_looked_at() -> None:
    values = {"controller": {"image": {"tag": "1"}, "replicas": 2}, "secret": "x", "global": 5}
    assert relevant(values, ("controller.image", "global.image", "defaultBackend")) == {
        "controller": {"image": {"tag": "1"}}
    }
