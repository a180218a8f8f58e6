"""Starts, stops and resizes a cluster, as triggered by ``pks create-cluster``.

Everything here is idempotent: a start resumes an interrupted one, and on a running cluster it restarts only
what has exited.
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
from lab.cluster.spec import ClusterFiles, ClusterSpec, load, save
from lab.layout import Lab

_READY_SECONDS = 90.0
_ANSWER_SECONDS = 5.0
_POLL_SECONDS = 0.2
_RESTARTS = 5
_SMALL = {"GOMAXPROCS": "1"}
"""With more threads an API server starts no sooner, and takes 15 % more CPU time."""


class ClusterError(Exception):
    """A component does not start; the message names it and shows the last lines of its log."""


async def start(lab: Lab, cluster: ClusterSpec) -> None:
    """Starts the cluster as specified; returns when its API and its nodes are ready.

    On a running cluster this is cheap: it restarts processes that exited and adjusts the nodes to the
    workers.

    Raises:
        ClusterError: A component exited or is not ready in time, or the cluster is being stopped.
    """
    async with _turn(cluster.uuid):
        files = ClusterFiles(lab, cluster.uuid)
        live = _live(files)
        if not live >= components.NAMES or _saved(files) != cluster:
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
            await nodes.match(api, cluster.name, cluster.workers, lab.control_plane(cluster.slot))
            waited = {name: controllers[name] for name in _CONTROLLERS}
            await _wait(files, waited, "default service account", lambda: _service_account(api))
            await _wait(
                files,
                {"kwok": controllers["kwok"]},
                "nodes",
                lambda: nodes.settled(api, cluster.workers, outage.load(files).nodes),
            )


async def set_outage(lab: Lab, uuid: str, now: Outage) -> None:
    """Applies an outage: stops what is down, and resumes the rest of a running cluster.

    Without a quorum etcd is frozen: it neither responds nor loses data, and so does the API. The controller
    manager and the scheduler exit when they cannot renew their leader lease, and restart with the API, so
    they do not treat nodes as silent during that time. The nodes are updated once the API is available.

    Raises:
        ApiError, aiohttp.ClientError, TimeoutError: The nodes could not be updated; the caller retries.
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
    """Adjusts the nodes to ``cluster.workers``: new ones join, pods of removed ones are rescheduled.

    Raises:
        ClusterError: As for ``start``.
    """
    await start(lab, cluster)


async def stop(lab: Lab, uuid: str, *, delete_data: bool) -> None:
    """Stops every process of the cluster; with ``delete_data`` also deletes its data.

    The processes are killed: kube-apiserver would wait for its watches, and the kernel already has what etcd
    wrote. A concurrent start is aborted.
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
    """Serialises starts of a cluster, and rejects one while the cluster is being stopped."""
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
    """Returns the components that run."""
    return {name.removeprefix(files.daemon("")) for name in process.running(files.lab, files.daemon(""))}


def _launch(files: ClusterFiles, commands: dict[str, list[str]], live: set[str]) -> None:
    """Starts what is not running; not in a thread, which would continue after a cancellation."""
    for component, argv in commands.items():
        if component not in live:
            process.start(files.lab, files.daemon(component), argv, _SMALL)


async def _wait(
    files: ClusterFiles, daemons: Mapping[str, list[str]], what: str, done: Callable[[], Awaitable[bool]]
) -> None:
    """Polls ``done`` until it returns True, while all ``daemons`` run and the time has not expired.

    A daemon that exits is restarted a few times, as monit does on a BOSH VM: after a kill, the previous
    process may still hold its port.
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
        # Twice, because a new process is not recognised as the lab's at once.
        not_running = {name for name in daemons if files.daemon(name) not in live}
        ended, missing = sorted(not_running & missing), not_running
        _check_wanted(files.uuid)
        for name in ended:
            if restarts[name] == _RESTARTS:
                raise ClusterError(f"{name} exited while waiting for the {what}.{_log_tail(files, name)}")
            restarts[name] += 1
        _launch(files, {name: daemons[name] for name in ended}, set())
        if time.monotonic() > deadline:
            tails = "".join(_log_tail(files, name) for name in daemons)
            raise ClusterError(f"The {what}: {state} after {_READY_SECONDS:.0f} s.{tails}")
        await asyncio.sleep(_POLL_SECONDS)


def _log_tail(files: ClusterFiles, component: str) -> str:
    return f"\n{process.log_tail(files.lab, files.daemon(component))}"


async def _ready(api: KubernetesApi) -> bool:
    async with asyncio.timeout(_ANSWER_SECONDS):
        await api.request("GET", "/readyz")
        # The etcd status of /readyz may be seconds old; this queries etcd.
        await api.request("GET", "/api/v1/namespaces/default")
        return True


async def _service_account(api: KubernetesApi) -> bool:
    await api.request("GET", "/api/v1/namespaces/default/serviceaccounts/default")
    return True


async def _content(api: KubernetesApi, cluster: ClusterSpec) -> None:
    """Creates what PKS creates in each new cluster, as far as clients may read it."""
    await api.create("/api/v1/namespaces", {"metadata": {"name": "pks-system"}})
    info = {
        "metadata": {"name": "cluster-info"},
        "data": {"cluster-name": cluster.name, "cluster-uuid": cluster.uuid},
    }
    await api.create("/api/v1/namespaces/pks-system/configmaps", info)
