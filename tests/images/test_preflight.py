"""The preflight's check of the images: charts of this machine, a real registry."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from components.images.preflight import ImageCheck
from components.runtime.errors import ProviderError
from domain.finding import Finding
from domain.images import Image
from lab.chart_packages import CHARTS
from lab.images import Publisher
from settings import parse
from steps.stack_images import preflight
from tests import pki
from tests.config import GOOD
from tests.helm import registry as registries
from tests.helm.registry import PASSWORD, USER
from tests.servers import ADDRESS

CONTROLLER = "ingress-nginx/controller:v1.15.1"
RANCHER, AGENT = "rancher/rancher:v2.15.0", "rancher/rancher-agent:v2.15.0"
CHARTS_HERE = {
    "ingressChart": str(CHARTS / "ingress-nginx"),
    "ingressChartVersion": "4.15.1",
    "rancherChart": str(CHARTS / "rancher"),
    "rancherVersion": "2.15.0",
    "kubernetesVersion": "1.34",
}


@dataclass
class World:
    """A registry with all images of the stack, and the stack's settings."""

    port: int
    ca_file: Path
    digests: dict[str, str]

    @property
    def host(self) -> str:
        return f"{ADDRESS}:{self.port}"

    def push(self, name: str, *platforms: str, note: str = "") -> str:
        image = Image.parse(name)
        publisher = Publisher(f"https://{self.host}", self.ca_file, (USER, PASSWORD))
        return publisher.push(f"p/{image.repository}", image.tag, platforms or ("linux/amd64",), note=note)

    def findings(self, password: str = PASSWORD, **changes: str) -> list[Finding]:
        given = {
            "imageRegistry": f"{self.host}/p",
            "imageRegistryCaFile": str(self.ca_file),
            "imagePullSecretUsername": USER,
            "imagePullSecretPassword": password,
        }
        wanted: Any = preflight(parse({**GOOD, **CHARTS_HERE, **given, **changes}))
        config = {"imagePullSecretPassword": password}
        return list(ImageCheck().findings(wanted, {}, config.get))


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("registry")
    with registries.running(folder, registries.basic_auth(folder)) as running:
        world = World(running.port, running.ca_file, {})
        world.digests = {name: world.push(name) for name in (CONTROLLER, RANCHER, AGENT)}
        yield world


def test_a_stack_without_a_registry_has_no_check() -> None:
    assert preflight(parse({**GOOD, **CHARTS_HERE})) is None


def test_a_registry_with_everything_has_no_findings(world: World) -> None:
    assert world.findings() == []


def test_all_missing_images_are_one_finding_with_the_commands_that_copy_them(world: World) -> None:
    values = '{"controller": {"admissionWebhooks": {"enabled": true}}, "defaultBackend": {"enabled": true}}'
    [finding] = world.findings(ingressValues=values)
    missing = "ingress-nginx/kube-webhook-certgen:v1.6.9, defaultbackend-amd64:1.5"
    assert (finding.key, finding.problem) == ("registry", f"lacks 2 of 5 images: {missing}")
    for name in missing.split(", "):
        assert (
            f"skopeo copy --all docker://registry.k8s.io/{name} docker://{world.host}/p/{name}"
            in finding.text
        )


def test_a_digest_that_the_chart_pins_is_what_counts(world: World) -> None:
    pinned = f'{{"controller": {{"image": {{"digest": "{world.digests[CONTROLLER]}"}}}}}}'
    assert world.findings(ingressValues=pinned) == []
    other = world.digests[RANCHER]
    [finding] = world.findings(ingressValues=f'{{"controller": {{"image": {{"digest": "{other}"}}}}}}')
    assert f"has digest {world.digests[CONTROLLER]} instead of {other}" in finding.problem
    assert f"skopeo copy --all docker://registry.k8s.io/ingress-nginx/controller@{other}" in finding.remedy


@pytest.mark.parametrize("password", ["wrong", "wrong2"])
def test_a_wrong_login_is_one_finding(world: World, password: str) -> None:
    [finding] = world.findings(password)
    assert finding.key == "username"
    assert all(name in finding.problem for name in (CONTROLLER, RANCHER, AGENT))
    assert password not in finding.text


def test_another_ca_and_another_registry_are_errors(world: World, tmp_path: Path) -> None:
    other = pki.write(tmp_path, "other.pem", pki.root("Another CA"))
    with pytest.raises(ProviderError, match="certificate is not trusted") as error:
        world.findings(imageRegistryCaFile=other)
    assert error.value.properties == ("ca_file",)


def test_a_tag_that_moved_is_refused(world: World, tmp_path: Path) -> None:
    lock = tmp_path / "images.json"
    lock.write_text(json.dumps(world.digests))
    assert world.findings(imageLockFile=str(lock)) == []
    world.push(RANCHER, note="another build")
    [finding] = world.findings(imageLockFile=str(lock))
    assert finding.key == "digests"
    assert f"but the lock file has {world.digests[RANCHER]}" in finding.problem
    assert AGENT not in finding.problem
    assert world.push(RANCHER) == world.digests[RANCHER]
    lock.write_text(json.dumps({name: world.digests[name] for name in (CONTROLLER, RANCHER)}))
    [finding] = world.findings(imageLockFile=str(lock))
    assert f"{AGENT} has {world.digests[AGENT]}, but the lock file has no digest" in finding.problem


def test_an_image_of_the_user_from_another_registry_is_a_warning(world: World) -> None:
    [finding] = world.findings(ingressValues='{"controller": {"image": {"registry": "quay.example.com"}}}')
    assert finding.severity == "warning"
    assert "quay.example.com/ingress-nginx/controller:v1.15.1" in finding.problem


def test_tiller_is_looked_up(world: World) -> None:
    old = {
        "helmEngine": "v2",
        "ingressChart": str(CHARTS / "nginx-ingress"),
        "ingressChartVersion": "1.41.3",
        "rancherChart": str(CHARTS / "rancher-2.2"),
        "rancherVersion": "2.2.8",
        "kubernetesVersion": "1.14",
    }
    [finding] = world.findings(**old)
    assert "helm/tiller:v2.17.0" in finding.problem
    assert (
        f"docker://ghcr.io/helm/tiller:v2.17.0 docker://{world.host}/p/helm/tiller:v2.17.0" in finding.remedy
    )


@pytest.mark.parametrize("file", ["values.yaml", "Chart.yaml"])
def test_a_damaged_chart_is_an_error(world: World, tmp_path: Path, file: str) -> None:
    copy = tmp_path / "ingress-nginx"
    shutil.copytree(CHARTS / "ingress-nginx", copy)
    (copy / file).write_text("{" * 500)
    found = world.findings(ingressChart=str(copy))
    assert [item.severity for item in found] == ["error"]
    assert "the images of the stack are unknown" in found[0].problem
