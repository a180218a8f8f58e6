"""Starts, stops and resizes a cluster: what ``pks create-cluster`` sets in motion.

Everything here can be repeated: a start that was interrupted anywhere goes on where it stopped, and
on a running cluster it starts again only what has ended.
"""

from __future__ import annotations

import asyncio
import shutil
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager

import aiohttp

from lab import process
from lab.cluster import certificates, components, nodes, outage
from lab.cluster.api import ApiError, KubernetesApi
from lab.cluster.outage import Outage
from lab.cluster.spec import ClusterFiles, ClusterSpec, NetworkSpec, Worker, load, save
from lab.layout import Lab

__all__ = [
    "ClusterError",
    "ClusterSpec",
    "NetworkSpec",
    "Outage",
    "Worker",
    "set_outage",
    "set_workers",
    "start",
    "stop",
]

_READY_SECONDS = 90.0
_ANSWER_SECONDS = 5.0
_POLL_SECONDS = 0.2
_RESTARTS = 5
_LOG_LINES = 15


class ClusterError(Exception):
    """A component does not come up; the message names it and shows the end of its log."""


async def start(lab: Lab, cluster: ClusterSpec) -> None:
    """Bring the cluster up as ordered; returns when its API is ready and its nodes are.

    On a running cluster this costs little: processes that ended are started again, and the nodes are
    made to match the workers.

    Raises:
        ClusterError: A component ended, or is not ready in time, or the cluster is being stopped.
    """
    async with _turn(cluster.uuid):
        files = ClusterFiles(lab, cluster.uuid)
        live = _live(files)
        if live < components.NAMES or _saved(files) != cluster:
            save(lab, cluster)
            certificates.ensure(files, cluster)
            components.write_files(files, cluster)
        base = components.control_plane(files, cluster)
        controllers = components.controllers(files, cluster)
        _launch(files, base, live)
        async with KubernetesApi(files.kubeconfig("admin")) as api:
            await _wait(files, base, "API at /readyz", lambda: _ready(api))
            _launch(files, controllers, live)
            await _content(api, cluster)
            await nodes.match(api, cluster.name, cluster.workers)
            waited = {name: controllers[name] for name in _CONTROLLERS}
            await _wait(files, waited, "default service account", lambda: _service_account(api))
            await _wait(
                files,
                {"kwok": controllers["kwok"]},
                "nodes",
                lambda: nodes.settled(api, cluster.workers, outage.load(files).nodes),
            )


async def set_outage(lab: Lab, uuid: str, now: Outage) -> None:
    """Have down what is down; all else of a running cluster goes on, or comes back.

    Without a quorum etcd is frozen: it neither answers nor loses anything, and so does the API. Controllers
    and scheduler end when they cannot renew their lease as leaders, and start anew with the API: they hold
    no node's silence in that time against it. The nodes hear of it when there is an API to tell them.

    Raises:
        ApiError, aiohttp.ClientError, TimeoutError: The nodes could not be told; try again.
        ClusterError: The cluster is being stopped.
    """
    files = ClusterFiles(lab, uuid)
    outage.save(files, now)
    if not now.quorum:
        for leader in _LEADERS:
            await asyncio.to_thread(process.stop, lab, files.daemon(leader), force=True)
    process.freeze(lab, files.daemon("etcd"), frozen=not now.quorum)
    if now.quorum:
        async with KubernetesApi(files.kubeconfig("admin")) as api:
            await nodes.power(api, now.nodes)
        _check_wanted(uuid)
        commands = components.controllers(files, load(lab, uuid))
        _launch(files, {leader: commands[leader] for leader in _LEADERS}, _live(files))


async def set_workers(lab: Lab, cluster: ClusterSpec) -> None:
    """Make the nodes match ``cluster.workers``: new ones join, pods of removed ones start elsewhere.

    Raises:
        ClusterError: As for ``start``.
    """
    await start(lab, cluster)


async def stop(lab: Lab, uuid: str, *, delete_data: bool) -> None:
    """Stop every process of the cluster; with ``delete_data`` forget all that it held.

    They are killed: kube-apiserver would wait for its watches, and what etcd wrote is with the kernel.
    A start that is under way gives up.
    """
    files = ClusterFiles(lab, uuid)
    _stopping.add(uuid)
    try:
        async with _locks.setdefault(uuid, asyncio.Lock()):
            await asyncio.to_thread(process.stop, lab, files.daemon(""), force=True)
            if delete_data:
                await asyncio.to_thread(shutil.rmtree, files.directory, ignore_errors=True)
    finally:
        _stopping.discard(uuid)


_CONTROLLERS = ("controller-manager", "scheduler", "kwok", "ncp")
_LEADERS = ("controller-manager", "scheduler")
_locks: dict[str, asyncio.Lock] = {}
_stopping: set[str] = set()


@asynccontextmanager
async def _turn(uuid: str) -> AsyncIterator[None]:
    """One start of a cluster at a time, and none that a stop would have to undo."""
    _check_wanted(uuid)
    async with _locks.setdefault(uuid, asyncio.Lock()):
        _check_wanted(uuid)
        yield


def _check_wanted(uuid: str) -> None:
    if uuid in _stopping:
        raise ClusterError(f"Cluster {uuid} is being stopped.")


def _saved(files: ClusterFiles) -> ClusterSpec | None:
    try:
        return load(files.lab, files.uuid)
    except FileNotFoundError:
        return None


def _live(files: ClusterFiles) -> set[str]:
    """The components that run."""
    return {name.removeprefix(files.daemon("")) for name in process.running(files.lab, files.daemon(""))}


def _launch(files: ClusterFiles, commands: dict[str, list[str]], live: set[str]) -> None:
    """Start what is not live; not in a thread, which would go on after a cancellation."""
    env = {"GOGC": "60"}  # less memory for the control plane's Go programs
    for component, argv in commands.items():
        if component not in live:
            process.start(files.lab, files.daemon(component), argv, env)


async def _wait(
    files: ClusterFiles, daemons: Mapping[str, list[str]], what: str, done: Callable[[], Awaitable[bool]]
) -> None:
    """Poll ``done`` until it holds, as long as all ``daemons`` live and there is time.

    One that ends is started again some times, as monit does on a BOSH VM: after a kill, what is left of the
    process before may still hold its port.
    """
    deadline = time.monotonic() + _READY_SECONDS
    missing: set[str] = set()
    restarts = Counter[str]()
    while True:
        state = "not ready"
        try:
            if await done():
                return
        except (ApiError, aiohttp.ClientError, TimeoutError) as error:
            state = str(error) or type(error).__name__
        live = await asyncio.to_thread(process.running, files.lab, files.daemon(""))
        # Twice, for a process is not known as the lab's in the first moment after its start.
        absent = {name for name in daemons if files.daemon(name) not in live}
        ended, missing = sorted(absent & missing), absent
        _check_wanted(files.uuid)
        for name in ended:
            if restarts[name] == _RESTARTS:
                raise ClusterError(f"{name} ended while waiting for the {what}.{_log_tail(files, name)}")
            restarts[name] += 1
        _launch(files, {name: daemons[name] for name in ended}, set())
        if time.monotonic() > deadline:
            tails = "".join(_log_tail(files, name) for name in daemons)
            raise ClusterError(f"The {what}: {state} after {_READY_SECONDS:.0f} s.{tails}")
        await asyncio.sleep(_POLL_SECONDS)


def _log_tail(files: ClusterFiles, component: str) -> str:
    log = files.lab.path("log", f"{files.daemon(component)}.log")
    lines = log.read_text(errors="replace").splitlines()[-_LOG_LINES:] if log.exists() else []
    return "\n".join([f"\nThe end of {log}:", *lines])


async def _ready(api: KubernetesApi) -> bool:
    async with asyncio.timeout(_ANSWER_SECONDS):
        await api.request("GET", "/readyz")
        # What /readyz says of etcd may be seconds old; this asks etcd.
        await api.request("GET", "/api/v1/namespaces/default")
        return True


async def _service_account(api: KubernetesApi) -> bool:
    await api.request("GET", "/api/v1/namespaces/default/serviceaccounts/default")
    return True


async def _content(api: KubernetesApi, cluster: ClusterSpec) -> None:
    """What PKS puts into each new cluster, as far as a client may look at it."""
    await api.create("/api/v1/namespaces", {"metadata": {"name": "pks-system"}})
    info = {
        "metadata": {"name": "cluster-info"},
        "data": {"cluster-name": cluster.name, "cluster-uuid": cluster.uuid},
    }
    await api.create("/api/v1/namespaces/pks-system/configmaps", info)
