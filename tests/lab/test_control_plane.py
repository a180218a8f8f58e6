"""A real control plane with KWOK nodes, and NCP against a fake NSX-T manager."""

from __future__ import annotations

import asyncio
import ipaddress
import ssl
import stat
from dataclasses import replace
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from lab.cluster import components
from lab.cluster.api import Object
from lab.cluster.control_plane import set_workers
from lab.cluster.spec import ClusterFiles
from tests.lab.running_cluster import UUID, Running, until, workers

pytestmark = [pytest.mark.lab, pytest.mark.asyncio(loop_scope="module")]


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
    assert set(running.pids()) >= components.NAMES


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

    await until(available)
    (subnet,) = running.nsx.tagged("subnets", name)
    addresses = {pod["status"]["podIP"] for pod in await running.pods(name, "web")}
    assert len(addresses) == 3
    assert all(ipaddress.ip_address(ip) in ipaddress.ip_network(subnet["cidr"]) for ip in addresses)

    await running.api.delete(f"/api/v1/namespaces/{name}")

    async def freed() -> bool:
        return not running.nsx.tagged("subnets", name) and not running.nsx.addresses(name)

    await until(freed)
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

    await until(completed)
    await until(refused)


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

    await until(accepted)
    await asyncio.sleep(0.5)
    assert await state() == ("Pending", "False")
    (pod,) = await running.pods(name, "rancher")
    path = f"/api/v1/namespaces/{name}/pods/{pod['metadata']['name']}"
    await running.api.patch(path, {"metadata": {"annotations": {"lab/mounted": "true"}}})
    await until(ready)
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

    await until(served)
    await running.api.delete(f"{path}/web")

    async def freed() -> bool:
        return not running.nsx.tagged("loadbalancer/virtual-servers", name)

    await until(freed)


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
            await set_workers(running.lab, replace(running.spec, workers=workers(number)))
            assert len(await running.names("/api/v1/nodes")) == number
            await until(lambda number=number: spread(number))  # type: ignore[misc]
            placed = {pod["spec"]["nodeName"] for pod in await running.pods(name, "web")}
            assert placed <= {worker.name for worker in workers(number)}
    finally:
        await set_workers(running.lab, running.spec)


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
