"""The images that Helm renders from charts: all from the image registry, and those that the preflight reads.

``UPSTREAM_CHARTS`` names a folder with folders of other charts, such as the real ones, to test them too.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from components.helm.chart_contents import read
from components.images.rendered import Rendering, rendered_images
from components.runtime.command import CommandMissingError
from components.runtime.errors import ProviderError
from domain import ingress_values, rancher_values
from domain.chart_images import (
    INGRESS_PLACES,
    RANCHER_PLACES,
    ingress_images,
    rancher_images,
    relevant,
)
from domain.chart_values import merge
from domain.charts import ChartReference
from domain.images import Image, ImageRegistry
from domain.rancher_releases import release
from domain.versions import Version, minor_satisfies
from lab.build import build
from lab.chart_packages import CHARTS
from lab.recipes import HELM
from settings import Settings, parse
from steps.stack_images import images_of
from tests.config import GOOD

REGISTRY = ImageRegistry("harbor.example.com:8443/rancher", "image-registry")
KUBERNETES = ("1.14", "1.18", "1.21", "1.24", "1.27", "1.30", "1.34")

pytestmark = pytest.mark.lab


@pytest.fixture(scope="module")
def helm() -> str:
    return str(build(recipes=[HELM]).places[HELM] / "helm")


def folders() -> Iterator[Path]:
    roots = [CHARTS, *map(Path, filter(None, [os.environ.get("UPSTREAM_CHARTS")]))]
    for root in roots:
        yield from sorted(path.parent for path in root.glob("*/Chart.yaml"))


FOLDERS = list(folders())


def kubernetes(metadata: dict[str, Any]) -> str:
    """The newest version that the chart accepts; old charts without a bound use APIs that are gone since."""
    bound = metadata.get("kubeVersion") or "< 1.19.0-0"
    return max((item for item in KUBERNETES if minor_satisfies(item, bound)), key=Version.parse)


class Chart:
    """A chart, its values as the program sets them, and the images of these values."""

    def __init__(self, folder: Path) -> None:
        metadata = yaml.safe_load((folder / "Chart.yaml").read_text())
        self.name, self.version = str(metadata["name"]), str(metadata["version"])
        self.reference = ChartReference(str(folder), "", self.version)
        self.contents = read(self.reference)
        self.rendering = Rendering(self.reference, "nginx", "cattle-system", kubernetes(metadata))
        self.is_rancher = self.name == "rancher"
        self.is_old = self.name == ingress_values.PREDECESSOR

    def variants(self) -> Iterator[dict[str, Any]]:
        """Values of a user that make the chart run everything that it can run."""
        yield {}
        if self.is_rancher:
            yield {"auditLog": {"enabled": True, "level": 1}}
            return
        yield {"controller": {"admissionWebhooks": {"enabled": True}}, "defaultBackend": {"enabled": True}}
        controller = self.contents.values["controller"]
        if "chroot" in controller["image"]:
            yield {"controller": {"image": {"chroot": True}}}
        if isinstance(controller.get("opentelemetry", {}).get("image"), dict):
            yield {"controller": {"opentelemetry": {"enabled": True}}}

    def values(self, user: dict[str, Any], registry: ImageRegistry | None) -> dict[str, Any]:
        if self.is_rancher:
            return rancher_values.values(
                user, release(self.version), registry, hostname="r.example.com", replicas=3, private_ca=True
            )
        ports = {"http_port": 80, "https_port": 443}
        return ingress_values.values(user, self.name, self.version, registry, **ports)

    def known(self, values: dict[str, Any]) -> set[Image]:
        """What the preflight takes for the images."""
        whole = merge(
            self.contents.values, relevant(values, RANCHER_PLACES if self.is_rancher else INGRESS_PLACES)
        )
        if self.is_rancher:
            return set(rancher_images(whole, release(self.version), self.contents.app_version))
        return set(ingress_images(whole))


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda path: path.name)
def test_every_image_comes_from_the_registry(folder: Path, helm: str) -> None:
    chart = Chart(folder)
    for user in chart.variants():
        plain, rewritten = (chart.values(user, registry) for registry in (None, REGISTRY))
        sources = rendered_images(chart.rendering, plain, helm)
        targets = rendered_images(chart.rendering, rewritten, helm)
        assert sources
        assert not any(map(REGISTRY.holds, sources))
        assert targets == [REGISTRY.mirrored(image) for image in sources]  # the digests are the chart's
        assert chart.known(plain) == set(sources)
        assert chart.known(rewritten) == set(targets)


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda path: path.name)
def test_every_pod_has_the_pull_secret(folder: Path, helm: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Except the jobs of nginx-ingress, and of Rancher before 2.15, which docs/images.md says."""
    chart = Chart(folder)
    pods: list[dict[str, Any]] = []

    def collect(found: object) -> Iterator[str]:
        for item in found.values() if isinstance(found, dict) else found if isinstance(found, list) else ():
            if isinstance(item, dict) and "containers" in item:
                pods.append(item)
            yield from collect(item)

    monkeypatch.setattr("components.images.rendered._images", collect)
    for user in chart.variants():
        rendered_images(chart.rendering, chart.values(user, REGISTRY), helm)
    without_jobs = not release(chart.version).shares_pull_secrets if chart.is_rancher else chart.is_old
    wanted = [
        pod for pod in pods if not (without_jobs and pod.get("restartPolicy") in {"OnFailure", "Never"})
    ]
    assert wanted
    assert all(pod["imagePullSecrets"] == [{"name": "image-registry"}] for pod in wanted)


def stack(**changes: str) -> Settings:
    charts = {
        "ingressChart": str(CHARTS / "ingress-nginx"),
        "ingressChartVersion": "4.15.1",
        "rancherChart": str(CHARTS / "rancher"),
        "rancherVersion": "2.15.0",
        "kubernetesVersion": "1.34",
    }
    return parse({**GOOD, **charts, **changes})


def test_images_of_a_stack(helm: str) -> None:
    found = images_of(stack(imageRegistry="h.example/p"), helm)
    assert [(str(item.target), str(item.source)) for item in found] == [
        (
            "h.example/p/ingress-nginx/controller:v1.15.1",
            "registry.k8s.io/ingress-nginx/controller:v1.15.1",
        ),
        ("h.example/p/rancher/rancher:v2.15.0", "docker.io/rancher/rancher:v2.15.0"),
        ("h.example/p/rancher/rancher-agent:v2.15.0", "docker.io/rancher/rancher-agent:v2.15.0"),
    ]
    assert all(item.target == item.source for item in images_of(stack(), helm))


def test_a_chart_that_does_not_render_is_an_error(helm: str) -> None:
    with pytest.raises(ProviderError, match=r"(?s)cannot be rendered: .*1\.14.*Check its values"):
        images_of(stack(kubernetesVersion="1.14"), helm)


def test_helm_is_needed() -> None:
    with pytest.raises(CommandMissingError, match="no-such-helm"):
        images_of(stack(), "no-such-helm")
