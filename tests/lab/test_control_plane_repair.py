"""A control plane that is interrupted, loses a part, its quorum or a node, and goes on."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import uuid
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from lab.cluster.control_plane import ClusterError, set_outage, start, stop
from lab.cluster.outage import Outage
from lab.cluster.spec import ClusterFiles
from tests.lab.running_cluster import UUID, Running, until

pytestmark = [pytest.mark.lab, pytest.mark.asyncio(loop_scope="module")]


async def test_a_start_of_a_running_cluster_changes_nothing(running: Running) -> None:
    before = running.pids()
    await start(running.lab, running.spec)
    assert before.items() <= running.pids().items()


@pytest.mark.parametrize("component", ["etcd", "apiserver", "controller-manager", "kwok", "ncp", "pods"])
async def test_a_start_repairs_what_was_killed(running: Running, component: str) -> None:
    namespaces = await running.names("/api/v1/namespaces")
    pid = running.pids()[component]
    os.kill(pid, signal.SIGKILL)
    await until(lambda: _gone(running, component, pid), 5)
    await start(running.lab, running.spec)
    assert running.pids()[component] != pid
    assert namespaces <= await running.names("/api/v1/namespaces")
    name = await running.namespace()

    async def served() -> bool:
        return bool(running.nsx.addresses(name))

    await until(served)  # NCP has found the API again


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
        with pytest.raises(ClusterError, match=r"(?s)^apiserver exited.*unknown flag: --nonsense"):
            await start(running.lab, spec)
    finally:
        await stop(running.lab, spec.uuid, delete_data=True)


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
        await until(partial(beats_again, up, alive))
        alive = await beat(up)
    assert await beat(down) == silent
    # A cluster of which a worker is down is as up as it can be.
    await start(running.lab, running.spec)
    await set_outage(running.lab, UUID, Outage())
    await until(lambda: beats_again(down, silent))
