"""The kubelets' stand-in: a real registry with a login, an API in memory."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import os
import shutil
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import pytest

from lab import pki, process, registry
from lab.cluster import kubelet
from lab.layout import Lab
from tests.lab.conftest import free_net
from tests.lab.fake_kubernetes import FakeKubernetes, serving

Status = dict[str, Any]


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """A lab with nothing but its registry."""
    if shutil.which("docker-registry") is None and not os.environ.get("REQUIRE_REGISTRY"):
        pytest.skip("docker-registry is not installed (Debian: apt-get install docker-registry)")
    made = Lab(tmp_path_factory.mktemp("registry"), free_net())
    pki.ensure_ca(made)
    try:
        assert registry.start(made)
        yield made
    finally:
        process.stop(made, force=True)


@contextlib.asynccontextmanager
async def kubelets(lab: Lab) -> AsyncIterator[FakeKubernetes]:
    async with serving(lab) as (fake, kubeconfig):
        running = asyncio.create_task(kubelet.pull(lab, kubeconfig))
        try:
            yield fake
        finally:
            running.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await running


async def run_pod(fake: FakeKubernetes, name: str, image: str, secret: str = "") -> None:
    spec = {
        "nodeName": "node",
        "containers": [{"name": "a", "image": image}],
        "imagePullSecrets": [{"name": secret}] if secret else [],
    }
    waiting = {"name": "a", "image": image, "state": {"waiting": {"reason": "ContainerCreating"}}}
    metadata = {"name": name, "namespace": "n", "uid": f"uid-of-{name}"}
    await fake.put("pods", {"metadata": metadata, "spec": spec, "status": {"containerStatuses": [waiting]}})


async def put_login(fake: FakeKubernetes, name: str, host: str, password: str) -> None:
    document = {"auths": {host: {"username": registry.USER, "password": password}}}
    data = {".dockerconfigjson": base64.b64encode(json.dumps(document).encode()).decode()}
    await fake.put("secrets", {"metadata": {"name": name, "namespace": "n"}, "data": data})


def waiting(fake: FakeKubernetes, name: str) -> Status:
    found: Status = fake.objects["pods"][f"n/{name}"]["status"]["containerStatuses"][0]["state"]["waiting"]
    return found


def is_pulled(fake: FakeKubernetes, name: str) -> bool:
    annotations = fake.objects["pods"][f"n/{name}"]["metadata"].get("annotations") or {}
    return kubelet.PULLED in annotations


async def until(done: Callable[[], bool]) -> None:
    async with asyncio.timeout(60):
        while not done():
            await asyncio.sleep(0.02)


async def test_a_pod_starts_with_its_image_and_login(lab: Lab) -> None:
    async with kubelets(lab) as fake:
        await put_login(fake, "login", lab.registry, registry.PASSWORD)
        for image in registry.images():
            name = image.path.replace("/", "-").replace(":", "-")
            await run_pod(fake, name, f"{lab.registry}/{registry.PROJECT}/{image.path}", "login")
        await until(lambda: all(is_pulled(fake, key.partition("/")[2]) for key in fake.objects["pods"]))


@pytest.mark.parametrize("secret", ["", "gone", "other-host", "wrong"])
async def test_without_its_login_a_pod_waits(lab: Lab, secret: str) -> None:
    image = f"{lab.registry}/{registry.PROJECT}/rancher/rancher:v2.15.0"
    async with kubelets(lab) as fake:
        await put_login(fake, "other-host", "other.example.com", registry.PASSWORD)
        await put_login(fake, "wrong", lab.registry, "wrong")
        await run_pod(fake, "pod", image, secret)
        await until(lambda: waiting(fake, "pod")["reason"] == "ErrImagePull")
        assert "pull access denied" in waiting(fake, "pod")["message"]
        await until(lambda: waiting(fake, "pod")["reason"] == "ImagePullBackOff")
        assert not is_pulled(fake, "pod")
        [event] = fake.objects["events"].values()
        assert (event["reason"], event["involvedObject"]["name"]) == ("Failed", "pod")
        assert f'Failed to pull image "{image}"' in event["message"]


async def test_a_missing_image_is_pulled_once_it_is_there(lab: Lab) -> None:
    async with kubelets(lab) as fake:
        await put_login(fake, "login", lab.registry, registry.PASSWORD)
        await run_pod(fake, "pod", f"{lab.registry}/{registry.PROJECT}/new:v1", "login")
        await until(lambda: waiting(fake, "pod")["reason"] == "ErrImagePull")
        assert waiting(fake, "pod")["message"].endswith("/rancher/new:v1: not found")
        digest = await asyncio.to_thread(registry.publisher(lab).push, f"{registry.PROJECT}/new", "v1")
        await until(lambda: is_pulled(fake, "pod"))
        assert waiting(fake, "pod") == {"reason": "ContainerCreating"}
        await run_pod(fake, "pinned", f"{lab.registry}/{registry.PROJECT}/new:gone@{digest}", "login")
        await until(lambda: is_pulled(fake, "pinned"))


async def test_other_registries_can_be_cut_off(lab: Lab) -> None:
    async with kubelets(lab) as fake:
        await run_pod(fake, "before", "docker.io/rancher/rancher:v2.15.0")
        await until(lambda: is_pulled(fake, "before"))
        lab.faults.write_text(json.dumps({"nodes": {"offline": True}}))
        try:
            await run_pod(fake, "after", "rancher/rancher:v2.15.0")
            await until(lambda: waiting(fake, "after")["reason"] == "ErrImagePull")
        finally:
            lab.faults.unlink()
        assert "lookup docker.io: no such host" in waiting(fake, "after")["message"]
        await until(lambda: is_pulled(fake, "after"))


async def test_a_name_that_is_none(lab: Lab) -> None:
    async with kubelets(lab) as fake:
        await run_pod(fake, "pod", "A B")
        await until(lambda: waiting(fake, "pod")["reason"] == "ErrImagePull")
        assert "invalid reference format" in waiting(fake, "pod")["message"]
