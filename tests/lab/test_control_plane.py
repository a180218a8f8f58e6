"""A real control plane with KWOK nodes, and NCP against a fake NSX-T manager."""

from __future__ import annotations

import asyncio
import ipaddress
import os
import signal
import socket
import ssl
import stat
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import pytest_asyncio

from lab import bringup, process
from lab.cluster import components
from lab.cluster.api import KubernetesApi, Object
from lab.cluster.control_plane import (
    ClusterError,
    ClusterSpec,
    NetworkSpec,
    Outage,
    Worker,
    set_outage,
    set_workers,
    start,
    stop,
)
from lab.cluster.spec import ClusterFiles
from lab.layout import Lab
from tests.lab.fake_nsx import FakeNsx, free_net

pytestmark = [pytest.mark.lab, pytest.mark.asyncio(loop_scope="module")]

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
    patch = pytest.MonkeyPatch()
    tools = bringup.build_tools()
    patch.setenv("PATH", f"{tools.bin}{os.pathsep}{os.environ['PATH']}")
    patch.setenv("LAB_LOAD_BALANCER_SECONDS", "0.2")
    patch.setenv("LAB_RANCHER_START_SECONDS", "1")
    lab = Lab(tmp_path_factory.mktemp("cluster"), free_net())
    nsx = FakeNsx({"block": "172.16.0.0/20"}, {"pool": [lab.address(50, last) for last in range(10, 60)]})
    runner = await nsx.start(lab)
    network = NetworkSpec(pod_ip_block_ids=("block",), fip_pool_ids=("pool",))
    spec = ClusterSpec(
        UUID, "demo", 1, lab.address(50, 2), "demo.example.com", _workers(3), network, "admin-token"
    )
    try:
        await start(lab, spec)
        async with KubernetesApi(ClusterFiles(lab, UUID).kubeconfig("admin")) as api:
            yield Running(lab, spec, nsx, api)
    finally:
        await stop(lab, UUID, delete_data=True)
        await runner.cleanup()
        patch.undo()


def _workers(number: int) -> tuple[Worker, ...]:
    return tuple(
        Worker(str(uuid.UUID(int=index + 1)), f"172.15.0.{index + 5}", f"vm-{uuid.UUID(int=index + 100)}")
        for index in range(number)
    )


async def _until(done: Callable[[], Awaitable[Any]], seconds: float = 20.0) -> None:
    async with asyncio.timeout(seconds):
        while not await done():
            await asyncio.sleep(0.1)


def _deployment(name: str, replicas: int, image: str = "example.com/app:1", **pod: Any) -> Object:
    labels = {"app": name}
    containers = [{"name": "main", "image": image}]
    template = {"metadata": {"labels": labels}, "spec": {"containers": containers, **pod}}
    spec = {"replicas": replicas, "selector": {"matchLabels": labels}, "template": template}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name}, "spec": spec}


async def test_a_new_cluster_is_what_pks_gives(running: Running) -> None:
    assert (await running.api.request("GET", "/version"))["gitVersion"] == "v1.36.3"
    assert {"default", "kube-node-lease", "kube-public", "kube-system", "pks-system"} <= await running.names(
        "/api/v1/namespaces"
    )
    node = (await running.api.request("GET", "/api/v1/nodes"))["items"][0]
    labels = node["metadata"]["labels"]
    assert labels["pks-system/cluster.name"] == "demo"
    assert labels["bosh.id"] == labels["kubernetes.io/hostname"] == node["metadata"]["name"]
    assert {"type": "InternalIP", "address": labels["spec.ip"]} in node["status"]["addresses"]
    assert set(running.pids()) >= components.NAMES - {"edge", "rancher"}


async def test_tls_and_tokens_guard_the_api(running: Running) -> None:
    files = ClusterFiles(running.lab, UUID)
    tls = ssl.create_default_context(cafile=str(files.ca))
    async with aiohttp.ClientSession() as session:
        url = f"{running.spec.server}/api/v1/secrets"
        async with session.get(url, ssl=tls, server_hostname="demo.example.com") as response:
            assert response.status == 403  # system:anonymous may not
        async with session.get(url, ssl=tls, headers={"Authorization": "Bearer guess"}) as response:
            assert response.status == 401
    etcd = f"https://{running.lab.control_plane(1)}:2379/version"
    async with aiohttp.ClientSession() as session:
        with pytest.raises(aiohttp.ClientError):
            await session.get(etcd, ssl=tls)
    secret = [path for path in files.directory.rglob("*") if path.suffix in {".key", ".csv", ".kubeconfig"}]
    assert len(secret) >= 9
    for path in [*secret, files.path("cluster.json")]:
        assert stat.S_IMODE(path.stat().st_mode) == 0o600, path


async def test_no_secret_in_command_lines_or_logs(running: Running) -> None:
    tokens = [line.split(",")[0] for line in ClusterFiles(running.lab, UUID).path("tokens.csv").open()]
    texts = [Path(f"/proc/{pid}/cmdline").read_text() for pid in running.pids().values()]
    texts += [log.read_text(errors="replace") for log in running.lab.home.glob("log/*.log")]
    for token in tokens:
        assert not any(token in text for text in texts)


async def test_only_the_labs_addresses_listen(running: Running) -> None:
    allowed = {running.lab.control_plane(1), running.spec.api_address}
    assert {ip for pid in running.pids().values() for ip in _listening(pid)} <= allowed


def _listening(pid: int) -> set[str]:
    """Local addresses on which a process listens, of IPv4; any IPv6 socket counts as ``::``."""
    links = (str(link.readlink()) for link in Path(f"/proc/{pid}/fd").iterdir())
    inodes = {link[8:-1] for link in links if link.startswith("socket:[")}
    found = set()
    for family in ("tcp", "tcp6"):
        for line in Path(f"/proc/{pid}/net/{family}").read_text().splitlines()[1:]:
            _, local, _, state, *_, inode = line.split()[:10]
            if state == "0A" and inode in inodes:
                raw = bytes.fromhex(local.split(":")[0])
                found.add(str(ipaddress.IPv4Address(raw[::-1])) if family == "tcp" else "::")
    return found


async def test_pods_run_with_addresses_of_their_namespace(running: Running) -> None:
    name = await running.namespace()
    apps = f"/apis/apps/v1/namespaces/{name}/deployments"
    await running.api.create(apps, _deployment("web", 3))

    async def available() -> bool:
        status: Object = (await running.api.request("GET", f"{apps}/web"))["status"]
        return bool(status.get("availableReplicas") == 3)

    await _until(available)
    (subnet,) = running.nsx.tagged("subnets", name)
    addresses = {pod["status"]["podIP"] for pod in await running.pods(name, "web")}
    assert len(addresses) == 3
    assert all(ipaddress.ip_address(ip) in ipaddress.ip_network(subnet["cidr"]) for ip in addresses)

    await running.api.delete(f"/api/v1/namespaces/{name}")

    async def freed() -> bool:
        return not running.nsx.tagged("subnets", name) and not running.nsx.addresses(name)

    await _until(freed)
    assert name not in await running.names("/api/v1/namespaces")


async def test_pods_of_jobs_complete_and_missing_images_are_told(running: Running) -> None:
    name = await running.namespace()
    template = {
        "spec": {"restartPolicy": "Never", "containers": [{"name": "main", "image": "example.com/x"}]}
    }
    job: Object = {"metadata": {"name": "once"}, "spec": {"template": template}}
    await running.api.create(f"/apis/batch/v1/namespaces/{name}/jobs", job)
    bad = _deployment("bad", 1, image="registry.invalid/app:1")
    await running.api.create(f"/apis/apps/v1/namespaces/{name}/deployments", bad)

    async def completed() -> bool:
        path = f"/apis/batch/v1/namespaces/{name}/jobs/once"
        return bool((await running.api.request("GET", path))["status"].get("succeeded"))

    async def refused() -> bool:
        statuses = [pod["status"].get("containerStatuses") for pod in await running.pods(name, "bad")]
        return [status and status[0]["state"]["waiting"]["reason"] for status in statuses] == [
            "ImagePullBackOff"
        ]

    await _until(completed)
    await _until(refused)


async def test_a_rancher_pod_runs_when_mounted_and_is_ready_later(running: Running) -> None:
    name = await running.namespace()
    await running.api.create(f"/apis/apps/v1/namespaces/{name}/deployments", _deployment("rancher", 1))
    states: list[tuple[str, str]] = []

    async def state() -> tuple[str, str]:
        for pod in await running.pods(name, "rancher"):
            conditions = {item["type"]: item["status"] for item in pod["status"].get("conditions", [])}
            return pod["status"]["phase"], conditions.get("Ready", "")
        return "", ""

    async def accepted() -> bool:
        return await state() == ("Pending", "False")

    async def ready() -> bool:
        states.append(await state())
        return states[-1] == ("Running", "True")

    await _until(accepted)
    await asyncio.sleep(0.5)
    assert await state() == ("Pending", "False")
    (pod,) = await running.pods(name, "rancher")
    path = f"/api/v1/namespaces/{name}/pods/{pod['metadata']['name']}"
    await running.api.patch(path, {"metadata": {"annotations": {"lab/mounted": "true"}}})
    await _until(ready)
    assert ("Running", "False") in states


async def test_a_load_balancer_service_gets_addresses(running: Running) -> None:
    name = await running.namespace()
    spec = {"type": "LoadBalancer", "ports": [{"name": "https", "port": 443}], "selector": {"app": "web"}}
    service = {"metadata": {"name": "web"}, "spec": spec}
    path = f"/api/v1/namespaces/{name}/services"
    await running.api.create(path, service)

    async def served() -> bool:
        status = (await running.api.request("GET", f"{path}/web"))["status"]
        return len(status["loadBalancer"].get("ingress", [])) == 2

    await _until(served)
    await running.api.delete(f"{path}/web")

    async def freed() -> bool:
        return not running.nsx.tagged("loadbalancer/virtual-servers", name)

    await _until(freed)


async def test_workers_come_and_go_and_pods_move(running: Running) -> None:
    name = await running.namespace()
    await running.api.create(f"/apis/apps/v1/namespaces/{name}/deployments", _deployment("web", 6))
    daemons = _deployment("agent", 1) | {"kind": "DaemonSet"}
    del daemons["spec"]["replicas"]
    await running.api.create(f"/apis/apps/v1/namespaces/{name}/daemonsets", daemons)

    async def spread(nodes: int) -> bool:
        web, agents = await running.pods(name, "web"), await running.pods(name, "agent")
        phases = {pod["status"]["phase"] for pod in [*web, *agents]}
        return (len(web), len(agents), phases) == (6, nodes, {"Running"})

    try:
        for number in (5, 2):
            await set_workers(running.lab, replace(running.spec, workers=_workers(number)))
            assert len(await running.names("/api/v1/nodes")) == number
            await _until(lambda number=number: spread(number))  # type: ignore[misc]
            placed = {pod["spec"]["nodeName"] for pod in await running.pods(name, "web")}
            assert placed <= {worker.name for worker in _workers(number)}
    finally:
        await set_workers(running.lab, running.spec)


async def test_a_start_of_a_running_cluster_changes_nothing(running: Running) -> None:
    before = {name: pid for name, pid in running.pids().items() if name not in {"edge", "rancher"}}
    await start(running.lab, running.spec)
    assert before.items() <= running.pids().items()


@pytest.mark.parametrize("component", ["etcd", "apiserver", "controller-manager", "kwok", "ncp"])
async def test_a_start_repairs_what_was_killed(running: Running, component: str) -> None:
    namespaces = await running.names("/api/v1/namespaces")
    pid = running.pids()[component]
    os.kill(pid, signal.SIGKILL)
    await _until(lambda: _gone(running, component, pid), 5)
    await start(running.lab, running.spec)
    assert running.pids()[component] != pid
    assert namespaces <= await running.names("/api/v1/namespaces")
    name = await running.namespace()

    async def served() -> bool:
        return bool(running.nsx.addresses(name))

    await _until(served)  # NCP has found the API again


async def test_etcd_is_started_again_while_its_port_is_held(running: Running) -> None:
    pid = running.pids()["etcd"]
    os.kill(pid, signal.SIGKILL)
    with await _held((running.lab.control_plane(running.spec.slot), 2379)):
        starting = asyncio.create_task(start(running.lab, running.spec))
        await asyncio.sleep(1)
        assert not starting.done()
    await starting
    assert await running.namespace() in await running.names("/api/v1/namespaces")


async def _held(address: tuple[str, int]) -> socket.socket:
    """A listening socket, as soon as the address is free."""
    async with asyncio.timeout(10):
        while True:
            try:
                return socket.create_server(address)
            except OSError:
                await asyncio.sleep(0.01)


async def _gone(running: Running, component: str, pid: int) -> bool:
    return running.pids().get(component) != pid


async def test_an_interrupted_start_is_continued_and_a_stop_ends_one(running: Running) -> None:
    spec = replace(
        running.spec, uuid=str(uuid.uuid4()), slot=2, api_address=running.lab.address(50, 3), name="second"
    )
    second = Running(running.lab, spec, running.nsx, running.api)
    try:
        for seconds in (0.1, 0.8, 2.5):
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(start(running.lab, spec), seconds)
        await start(running.lab, spec)
        await stop(running.lab, spec.uuid, delete_data=False)
        assert second.pids() == {}
        starting = asyncio.create_task(start(running.lab, spec))
        await asyncio.sleep(0.5)
        await stop(running.lab, spec.uuid, delete_data=True)
        with pytest.raises(ClusterError):
            await starting
    finally:
        await stop(running.lab, spec.uuid, delete_data=True)
    assert second.pids() == {}
    assert not ClusterFiles(running.lab, spec.uuid).directory.exists()


async def test_a_component_that_ends_is_named_with_its_log(
    running: Running, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = tmp_path / "kube-apiserver"
    broken.write_text("#!/bin/sh\necho 'unknown flag: --nonsense' >&2\nexit 1\n")
    broken.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    spec = replace(
        running.spec, uuid=str(uuid.uuid4()), slot=3, api_address=running.lab.address(50, 4), name="third"
    )
    try:
        with pytest.raises(ClusterError, match=r"(?s)^apiserver ended.*unknown flag: --nonsense"):
            await start(running.lab, spec)
    finally:
        await stop(running.lab, spec.uuid, delete_data=True)


async def test_rbac_is_on(running: Running) -> None:
    path = "/api/v1/namespaces/default/serviceaccounts/default/token"
    token = await running.api.request("POST", path, {"spec": {}})
    tls = ssl.create_default_context(cafile=str(ClusterFiles(running.lab, UUID).ca))
    headers = {"Authorization": f"Bearer {token['status']['token']}"}
    async with (
        aiohttp.ClientSession(headers=headers) as session,
        session.get(f"{running.spec.server}/api/v1/namespaces", ssl=tls) as response,
    ):
        assert response.status == 403


async def test_without_a_quorum_the_api_is_silent_and_then_goes_on(running: Running) -> None:
    name = await running.namespace()
    before = running.pids()
    await set_outage(running.lab, UUID, Outage(quorum=False))
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(3):
            await running.api.request("GET", f"/api/v1/namespaces/{name}")
    assert running.pids().keys() == before.keys() - {"controller-manager", "scheduler"}
    await set_outage(running.lab, UUID, Outage())
    assert (await running.api.request("GET", f"/api/v1/namespaces/{name}"))["metadata"]["name"] == name
    await start(running.lab, running.spec)
    assert running.pids().keys() == before.keys()


async def test_the_node_of_a_vm_that_is_down_sends_no_heartbeat(running: Running) -> None:
    down, up = (worker.name for worker in running.spec.workers[:2])

    async def beat(node: str) -> str:
        path = f"/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/{node}"
        return str((await running.api.request("GET", path))["spec"]["renewTime"])

    async def beats_again(node: str, since: str) -> bool:
        return await beat(node) != since

    await set_outage(running.lab, UUID, Outage(frozenset({down})))
    await asyncio.sleep(1)  # a heartbeat may be on its way
    silent, alive = await beat(down), await beat(up)
    for _ in range(2):
        await _until(partial(beats_again, up, alive))
        alive = await beat(up)
    assert await beat(down) == silent
    # A cluster of which a worker is down is as up as it can be.
    await start(running.lab, running.spec)
    await set_outage(running.lab, UUID, Outage())
    await _until(lambda: beats_again(down, silent))
