"""The lab's charts: packaged the same each time, served as repository and registry, accepted by helm."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import io
import os
import subprocess
import tarfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import yaml
from aiohttp import web

from lab.build import build
from lab.chart_packages import CHARTS, packages
from lab.charts_server import application
from lab.layout import Lab
from lab.recipes import HELM

HOSTNAME = "hostname=rancher.example.com"
KUBERNETES = {
    "2.15.1": "1.36.3",
    "2.15.0": "1.36.3",
    "2.13.0": "1.34.0",
    "2.8.5": "1.28.11",
    "2.2.8": "1.14.5",
}
"""Versions of the Rancher chart with a version of Kubernetes that each is for."""


def folders() -> list[Path]:
    return sorted(path.parent for path in CHARTS.glob("*/Chart.yaml"))


# --- packages ------------------------------------------------------------------------------------
def test_packages_are_the_same_each_time() -> None:
    assert [chart.digest for chart in packages()] == [chart.digest for chart in packages()]


def test_each_package_holds_its_own_version() -> None:
    for chart in packages():
        with tarfile.open(fileobj=io.BytesIO(chart.archive)) as archive:
            assert {name.split("/")[0] for name in archive.getnames()} == {chart.name}
            member = archive.extractfile(f"{chart.name}/Chart.yaml")
            assert member is not None
            metadata = yaml.safe_load(member.read())
        assert (metadata["name"], metadata["version"]) == (chart.name, chart.version)


def test_bounds_are_those_of_upstream() -> None:
    bounds = {(chart.name, chart.version): chart.metadata.get("kubeVersion") for chart in packages()}
    assert bounds == {
        ("rancher", "2.15.0"): "< 1.37.0-0",
        ("rancher", "2.15.1"): "< 1.37.0-0",  # the lab's own
        ("rancher", "2.13.0"): "< 1.35.0-0",
        ("rancher", "2.8.5"): "< 1.29.0-0",
        ("rancher", "2.2.8"): None,
        ("ingress-nginx", "4.15.1"): ">=1.21.0-0",
        ("nginx-ingress", "1.41.3"): ">=1.10.0-0",
    }


# --- server --------------------------------------------------------------------------------------
@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[tuple[Lab, str]]:
    """A lab and the URL of its chart server."""
    lab = Lab(tmp_path)
    runner = web.AppRunner(application(lab))
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield lab, f"http://127.0.0.1:{runner.addresses[0][1]}"
    await runner.cleanup()


@contextlib.asynccontextmanager
async def fetched(url: str, method: str = "GET") -> AsyncIterator[aiohttp.ClientResponse]:
    async with aiohttp.ClientSession() as session, session.request(method, url) as response:
        yield response


async def test_index_lists_what_can_be_downloaded(server: tuple[Lab, str]) -> None:
    _, url = server
    async with fetched(f"{url}/index.yaml") as response:
        index = yaml.safe_load(await response.text())
    entries = [entry for versions in index["entries"].values() for entry in versions]
    assert len(entries) == len(packages())
    for entry in entries:
        async with fetched(f"{url}/{entry['urls'][0]}") as response:
            assert response.status == 200
            assert hashlib.sha256(await response.read()).hexdigest() == entry["digest"]


async def test_registry_serves_a_chart_as_artifact(server: tuple[Lab, str]) -> None:
    _, url = server
    async with fetched(f"{url}/v2/") as response:
        assert response.status == 200
    async with fetched(f"{url}/v2/charts/rancher/tags/list") as response:
        assert (await response.json())["tags"] == ["2.13.0", "2.15.0", "2.15.1", "2.2.8", "2.8.5"]
    async with fetched(f"{url}/v2/charts/rancher/manifests/2.15.0") as response:
        digest = response.headers["Docker-Content-Digest"]
        content = await response.read()
        manifest = yaml.safe_load(content)
    assert digest == f"sha256:{hashlib.sha256(content).hexdigest()}"
    async with fetched(f"{url}/v2/charts/rancher/manifests/{digest}", "HEAD") as response:
        assert response.status == 200
    async with fetched(f"{url}/v2/charts/rancher/blobs/{manifest['layers'][0]['digest']}") as response:
        archive = await response.read()
    expected = next(c for c in packages() if (c.name, c.version) == ("rancher", "2.15.0"))
    assert archive == expected.archive


@pytest.mark.parametrize(
    "path",
    [
        "/rancher-9.9.9.tgz",
        "/v2/charts/rancher/manifests/9.9.9",
        "/v2/charts/none/tags/list",
        "/v2/charts/rancher/blobs/sha256:00",
    ],
)
async def test_what_is_not_there_is_404(server: tuple[Lab, str], path: str) -> None:
    async with fetched(server[1] + path) as response:
        assert response.status == 404


async def test_a_fault_starts_and_ends_with_the_file(server: tuple[Lab, str]) -> None:
    lab, url = server
    lab.faults.write_text('{"charts": {"status": 503}}')
    async with fetched(f"{url}/index.yaml") as response:
        assert response.status == 503
    lab.faults.unlink()
    async with fetched(f"{url}/index.yaml") as response:
        assert response.status == 200


# --- helm ----------------------------------------------------------------------------------------
@pytest.fixture(scope="session")
def helm() -> str:
    """The lab's helm, built alone when it is not built yet."""
    return str(build(recipes=[HELM]).places[HELM] / "helm")


def run(helm: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([helm, *arguments], capture_output=True, text=True, check=False)


def template(helm: str, chart: Path, *values: str, kubernetes: str = "1.36.3") -> dict[str, Any]:
    """Rendered objects by ``Kind/name``, of a release ``nginx`` or ``rancher`` in cattle-system."""
    release = "rancher" if "rancher" in chart.name else "nginx"
    flags = [flag for value in values for flag in ("--set", value)]
    done = run(
        helm,
        "template",
        release,
        str(chart),
        *("--namespace", "cattle-system"),
        *("--kube-version", kubernetes),
        *flags,
    )
    assert done.returncode == 0, done.stderr
    documents: Iterator[Any] = yaml.safe_load_all(done.stdout)
    return {f"{item['kind']}/{item['metadata']['name']}": item for item in documents if item}


def unpacked(version: str, folder: Path) -> Path:
    """The Rancher chart in one of its versions."""
    chart = next(c for c in packages() if (c.name, c.version) == ("rancher", version))
    folder.joinpath(chart.file_name).write_bytes(chart.archive)
    return folder / chart.file_name


@pytest.mark.lab
@pytest.mark.parametrize("chart", folders(), ids=lambda path: path.name)
def test_helm_lint_finds_no_fault(helm: str, chart: Path) -> None:
    done = run(helm, "lint", "--strict", str(chart), "--set", HOSTNAME)
    assert done.returncode == 0, done.stdout


@pytest.mark.lab
@pytest.mark.parametrize(("version", "kubernetes"), KUBERNETES.items())
def test_rancher_with_a_private_ca(helm: str, tmp_path: Path, version: str, kubernetes: str) -> None:
    values = (HOSTNAME, "privateCA=true", "ingress.tls.source=secret", "replicas=2")
    objects = template(helm, unpacked(version, tmp_path), *values, kubernetes=kubernetes)
    deployment = objects["Deployment/rancher"]["spec"]
    pod = deployment["template"]["spec"]
    container = pod["containers"][0]
    assert deployment["replicas"] == 2
    assert deployment["template"]["metadata"]["labels"]["app"] == "rancher"
    assert container["image"] == f"rancher/rancher:v{version}"
    assert container["readinessProbe"]["httpGet"] == {"path": "/healthz", "port": 80}
    assert "--no-cacerts" not in container["args"]
    assert container["volumeMounts"][0]["subPath"] == "cacerts.pem"
    assert pod["volumes"][0]["secret"]["secretName"] == "tls-ca"
    assert objects["Service/rancher"]["spec"]["ports"][0]["port"] == 80
    assert {"ServiceAccount/rancher", "ClusterRoleBinding/rancher"} <= objects.keys()


@pytest.mark.lab
@pytest.mark.parametrize("chart", ["rancher", "rancher-2.2"])
def test_rancher_with_a_public_certificate(helm: str, chart: str) -> None:
    objects = template(helm, CHARTS / chart, HOSTNAME, "ingress.tls.source=secret")
    pod = objects["Deployment/rancher"]["spec"]["template"]["spec"]
    assert "--no-cacerts" in pod["containers"][0]["args"]
    assert not pod["volumes"]


@pytest.mark.lab
def test_only_the_old_rancher_chart_insists_on_its_ingress(helm: str) -> None:
    off = (HOSTNAME, "ingress.enabled=false")
    assert "Ingress/rancher" not in template(helm, CHARTS / "rancher", *off)
    assert "Ingress/rancher" in template(helm, CHARTS / "rancher-2.2", *off)


@pytest.mark.lab
@pytest.mark.parametrize(
    ("chart", "kubernetes", "api"),
    [
        ("rancher", "1.36.3", "networking.k8s.io/v1"),
        ("rancher-2.2", "1.14.5", "extensions/v1beta1"),
        ("rancher-2.2", "1.36.3", "networking.k8s.io/v1"),
    ],
)
def test_the_rancher_charts_ingress(helm: str, chart: str, kubernetes: str, api: str) -> None:
    objects = template(helm, CHARTS / chart, HOSTNAME, "ingress.tls.source=secret", kubernetes=kubernetes)
    ingress = objects["Ingress/rancher"]
    assert ingress["apiVersion"] == api
    assert ingress["spec"]["tls"] == [{"hosts": ["rancher.example.com"], "secretName": "tls-rancher-ingress"}]


@pytest.mark.lab
@pytest.mark.parametrize("chart", ["rancher", "rancher-2.2"])
def test_rancher_needs_its_hostname(helm: str, chart: str) -> None:
    done = run(helm, "template", str(CHARTS / chart), "--kube-version", "1.28.0")
    assert done.returncode != 0
    assert "hostname" in done.stderr


@pytest.mark.lab
def test_helm_refuses_a_newer_kubernetes(helm: str, tmp_path: Path) -> None:
    chart = str(unpacked("2.13.0", tmp_path))
    done = run(helm, "template", chart, "--set", HOSTNAME, "--kube-version", "1.36.3")
    assert "chart requires kubeVersion: < 1.35.0-0" in done.stderr


@pytest.mark.lab
@pytest.mark.parametrize(
    ("chart", "controller"),
    [
        ("ingress-nginx", "nginx-ingress-nginx-controller"),
        # The article's names.
        ("nginx-ingress", "nginx-nginx-ingress-controller"),
    ],
)
@pytest.mark.parametrize("kind", ["DaemonSet", "Deployment"])
def test_ingress_controllers(helm: str, chart: str, controller: str, kind: str) -> None:
    values = ("controller.kind=" + kind, "controller.service.ports.https=8443")
    objects = template(helm, CHARTS / chart, *values)
    pods = objects[f"{kind}/{controller}"]["spec"]["template"]
    service = objects[f"Service/{controller}"]["spec"]
    assert service["type"] == "LoadBalancer"
    assert {port["name"]: (port["port"], port["targetPort"]) for port in service["ports"]} == {
        "http": (80, "http"),
        "https": (8443, "https"),
    }
    assert service["selector"].items() <= pods["metadata"]["labels"].items()
    ports = {port["name"]: port["containerPort"] for port in pods["spec"]["containers"][0]["ports"]}
    assert ports == {"http": 80, "https": 443}
    other = "Deployment" if kind == "DaemonSet" else "DaemonSet"
    assert f"{other}/{controller}" not in objects


@pytest.mark.lab
def test_configuration_of_the_controllers(helm: str) -> None:
    config = "controller.config.use-forwarded-headers=true"
    today = template(helm, CHARTS / "ingress-nginx", config, "controller.admissionWebhooks.enabled=true")
    assert today["ConfigMap/nginx-ingress-nginx-controller"]["data"] == {"use-forwarded-headers": "true"}
    assert today["IngressClass/nginx"]["spec"]["controller"] == "k8s.io/ingress-nginx"
    assert "ValidatingWebhookConfiguration/nginx-ingress-nginx-admission" in today
    old = template(helm, CHARTS / "nginx-ingress", config)
    assert old["ConfigMap/nginx-nginx-ingress-controller"]["data"] == {"use-forwarded-headers": "true"}
    old = template(helm, CHARTS / "nginx-ingress")
    assert "Deployment/nginx-nginx-ingress-default-backend" in old
    assert "ConfigMap/nginx-nginx-ingress-controller" not in old


@pytest.mark.lab
@pytest.mark.parametrize(
    ("reference", "version"),
    [
        (("rancher", "--repo", "http://{server}", "--version", "2.8.5"), "2.8.5"),
        (("oci://{server}/charts/rancher", "--plain-http"), "2.15.1"),
    ],
)
async def test_helm_reads_repository_and_registry(
    helm: str, server: tuple[Lab, str], tmp_path: Path, reference: tuple[str, ...], version: str
) -> None:
    endpoint = server[1].removeprefix("http://")
    arguments = [part.format(server=endpoint) for part in reference]
    env = {**os.environ, "HELM_CACHE_HOME": str(tmp_path), "HELM_CONFIG_HOME": str(tmp_path)}
    process = await asyncio.create_subprocess_exec(
        helm, "show", "chart", *arguments, stdout=subprocess.PIPE, env=env
    )
    output, _ = await process.communicate()
    assert yaml.safe_load(output)["version"] == version
