"""One cluster of the lab for the tests of a file, and a fake NSX-T manager for its NCP."""

from __future__ import annotations

import asyncio
import contextlib
import os
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from lab import bringup, process
from lab.cluster.api import KubernetesApi, Object
from lab.cluster.control_plane import start, stop
from lab.cluster.spec import ClusterFiles, ClusterSpec, NetworkSpec, Worker
from lab.layout import Lab
from tests.lab.fake_nsx import FakeNsx, free_net

UUID = "0b7b1f5e-3c0f-4c3a-9d0c-7f3f0e6f4c11"


@dataclass
class Running:
    """A started cluster and its surroundings."""

    lab: Lab
    spec: ClusterSpec
    nsx: FakeNsx
    api: KubernetesApi

    def pids(self) -> dict[str, int]:
        """Process of each component."""
        prefix = f"cluster-{self.spec.uuid}-"
        return {name.removeprefix(prefix): pid for name, pid in process.running(self.lab, prefix).items()}

    async def names(self, path: str) -> set[str]:
        """Names of a collection's objects."""
        return {item["metadata"]["name"] for item in (await self.api.request("GET", path))["items"]}

    async def pods(self, namespace: str, app: str) -> list[Object]:
        """Pods with label ``app``."""
        path = f"/api/v1/namespaces/{namespace}/pods?labelSelector=app={app}"
        found: list[Object] = (await self.api.request("GET", path))["items"]
        return found

    async def namespace(self) -> str:
        """A new namespace of its own for a test."""
        name = f"test-{uuid.uuid4().hex[:8]}"
        await self.api.create("/api/v1/namespaces", {"metadata": {"name": name}})
        return name


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def running(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Running]:
    async with cluster(tmp_path_factory.mktemp("cluster")) as made:
        yield made


@contextlib.asynccontextmanager
async def cluster(
    directory: Path, block: str = "172.16.0.0/20", addresses: int = 50
) -> AsyncIterator[Running]:
    """A started cluster on a pod IP block of its own."""
    patch = pytest.MonkeyPatch()
    tools = bringup.build_tools()
    patch.setenv("PATH", f"{tools.bin}{os.pathsep}{os.environ['PATH']}")
    patch.setenv("LAB_LOAD_BALANCER_SECONDS", "0.2")
    patch.setenv("LAB_RANCHER_START_SECONDS", "1")
    lab = Lab(directory, free_net())
    nsx = FakeNsx({"block": block}, {"pool": [lab.address(50, last) for last in range(10, 10 + addresses)]})
    runner = await nsx.start(lab)
    network = NetworkSpec(pod_ip_block_ids=("block",), fip_pool_ids=("pool",))
    spec = ClusterSpec(
        UUID, "demo", 1, lab.address(50, 2), "demo.example.com", workers(3), network, "admin-token"
    )
    try:
        await start(lab, spec)
        async with KubernetesApi(ClusterFiles(lab, UUID).kubeconfig("admin")) as api:
            yield Running(lab, spec, nsx, api)
    finally:
        await stop(lab, UUID, delete_data=True)
        await runner.cleanup()
        patch.undo()


def workers(number: int) -> tuple[Worker, ...]:
    return tuple(
        Worker(str(uuid.UUID(int=index + 1)), f"172.15.0.{index + 5}", f"vm-{uuid.UUID(int=index + 100)}")
        for index in range(number)
    )


async def until(done: Callable[[], Awaitable[Any]], seconds: float = 20.0) -> None:
    async with asyncio.timeout(seconds):
        while not await done():
            await asyncio.sleep(0.1)
