"""Lifecycle of a cluster: the actions of PKS, BOSH and NSX-T, and what the API shows meanwhile.

Every action is a list of idempotent steps: after a crash of the foundation it restarts from the beginning
with the same result.
"""

from __future__ import annotations

import asyncio
import logging
import re
import secrets
import time
import uuid
from collections import defaultdict
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Mapping
from typing import Any, Protocol

from lab import options
from lab.cluster import outage
from lab.cluster.outage import Outage
from lab.cluster.spec import ClusterFiles, ClusterSpec
from lab.faults import fault
from lab.foundation import documents, orders, provision, vcenter
from lab.foundation.errors import busy, not_found
from lab.foundation.state import FAILED, IN_PROGRESS, SUCCEEDED, Cluster, Machine, State
from lab.layout import Lab

log = logging.getLogger("foundation")

_RECONCILE_SECONDS = 15.0
_NAME = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?")
_KIND = {"CREATE": "provisioning", "UPDATE": "update", "DELETE": "deletion"}

# Shares of the configured time to create a cluster. A creation takes all of it.
_ORDER_SHARE, _UPDATE_SHARE, _DELETE_SHARE = 0.05, 0.25, 0.1


class ControlPlane(Protocol):
    """Runs the cluster: ``lab.cluster.control_plane``, or a fake in tests."""

    async def start(self, lab: Lab, cluster: ClusterSpec) -> None: ...
    async def stop(self, lab: Lab, uuid: str, *, delete_data: bool) -> None: ...
    async def set_workers(self, lab: Lab, cluster: ClusterSpec) -> None: ...
    async def set_outage(self, lab: Lab, uuid: str, now: Outage) -> None: ...


Machines = Callable[[Lab, Iterable[vcenter.Machine]], None]
"""Makes vCenter have exactly these VMs."""


class Clusters:
    """All clusters of the foundation and their running actions."""

    def __init__(
        self, state: State, control_plane: ControlPlane, match_machines: Machines = vcenter.match
    ) -> None:
        self._state = state
        self._control_plane = control_plane
        self._match_machines = match_machines
        self._tasks: set[asyncio.Task[None]] = set()
        self._vcenter = asyncio.Lock()
        self._planes: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)

    # --- orders --------------------------------------------------------------------------------
    def create(self, body: Mapping[str, Any]) -> Cluster:
        """Accepts the order for a new cluster, which is built in the background.

        Raises:
            ApiError: The order is invalid.
        """
        name, order = orders.new_cluster(self._state, body)
        item = Cluster(
            name=name,
            uuid=str(uuid.uuid4()),
            slot=self._state.free_slot(),
            token=secrets.token_urlsafe(32),
            order=order,
            action="CREATE",
            state=IN_PROGRESS,
            description="Creating cluster",
            since=time.time(),
        )
        self._state.clusters[name] = item
        self._begin(item, "CREATE", "Creating cluster")
        return item

    def update(self, name: str, body: Mapping[str, Any]) -> Cluster:
        """Accepts the order for a change.

        Raises:
            ApiError: Another action is running, or the order is invalid.
        """
        item = self._idle(name)
        item.order = orders.change(self._state, item.order, body)
        self._begin(item, "UPDATE", "Instance update in progress")
        return item

    def delete(self, name: str) -> None:
        """Accepts the order for a deletion.

        Raises:
            ApiError: The cluster does not exist, or another action is running.
        """
        item = self._idle(name)
        item.serving = False
        self._begin(item, "DELETE", "Instance deletion in progress")

    async def recreate(self, item: Cluster, job: str | None, instance: str | None) -> list[Machine]:
        """Replaces VMs one after the other, as BOSH does: instance, disk and address stay, the CID is new.

        PKS does not notice. The Kubernetes node is not changed.

        Args:
            item: The cluster.
            job: Instance group; None means all.
            instance: GUID of one instance; None means all.

        Returns:
            The recreated machines.

        Raises:
            ApiError: Another action is running.
        """
        if item.state == IN_PROGRESS:
            raise busy()
        chosen = [m for m in item.machines if m.job == (job or m.job) and m.id == (instance or m.id)]
        for machine in chosen:
            machine.cid = f"vm-{uuid.uuid4()}"
            self._state.save()
            await self._machines()
        return chosen

    def get(self, name: str) -> Cluster:
        """Returns the cluster of that name.

        Raises:
            ApiError: It does not exist.
        """
        item = self._state.clusters.get(name)
        if item is None:
            raise not_found("Cluster", name)
        return item

    # --- actions -------------------------------------------------------------------------------
    async def run(self) -> None:
        """Resumes interrupted actions, then reconciles vCenter and the control planes.

        Cancellation cancels the running actions too; the next run resumes them.
        """
        for item in self._state.clusters.values():
            if item.state == IN_PROGRESS:
                self._spawn(item)
        try:
            while True:
                await self._reconcile()
                await asyncio.sleep(_RECONCILE_SECONDS)
        finally:
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)

    def _idle(self, name: str) -> Cluster:
        item = self.get(name)
        if item.state == IN_PROGRESS:
            raise busy()
        return item

    def _begin(self, item: Cluster, action: str, description: str) -> None:
        item.action, item.state, item.description = action, IN_PROGRESS, description
        item.since = time.time()
        self._state.save()
        self._spawn(item)

    def _spawn(self, item: Cluster) -> None:
        steps = {"CREATE": self._build, "UPDATE": self._change, "DELETE": self._remove}[item.action]
        task = asyncio.create_task(self._act(item, steps))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _act(self, item: Cluster, steps: Callable[[Cluster], Awaitable[None]]) -> None:
        injected = fault(self._state.lab, f"{item.action.lower()}-cluster")
        limit = injected.get("fail_after_seconds")
        deadline = None if limit is None else max(0.0, item.since + float(limit) - time.time())
        try:
            async with asyncio.timeout(deadline) as timer:
                await steps(item)
        except Exception as error:
            reason = str(injected.get("description", "injected fault")) if timer.expired() else str(error)
            log.warning("%s of cluster %s failed: %s", item.action, item.name, reason)
            text = f"There was a problem completing your request. {reason}"
            item.state, item.description = FAILED, f"Instance {_KIND[item.action]} failed: {text}"
        else:
            if item.action == "DELETE":
                del self._state.clusters[item.name]
            item.state, item.description = SUCCEEDED, f"Instance {_KIND[item.action]} completed"
        self._state.save()

    async def _build(self, item: Cluster) -> None:
        await self._await_share(item, _ORDER_SHARE)
        item.description = "Instance provisioning in progress"
        self._state.save()
        if not _NAME.fullmatch(item.name):
            raise ValueError(f"invalid cluster name {item.name!r}")
        provision.network_objects(self._state, item)
        await self._match_order(item)
        async with self._planes[item.uuid]:
            await self._control_plane.start(self._state.lab, documents.spec(self._state, item))
        item.serving = True
        await self._await_share(item, 1.0)

    async def _change(self, item: Cluster) -> None:
        if not item.address:
            raise provision.ProvisionError("the cluster was never built; delete it")
        await self._match_order(item)
        async with self._planes[item.uuid]:
            await self._control_plane.set_workers(self._state.lab, documents.spec(self._state, item))
        item.serving = True
        await self._await_share(item, _UPDATE_SHARE)

    async def _remove(self, item: Cluster) -> None:
        async with self._planes[item.uuid]:
            await self._control_plane.stop(self._state.lab, item.uuid, delete_data=True)
        item.machines = []
        self._state.save()
        await self._machines()
        self._state.inventory.remove_cluster(item.uuid)
        await self._await_share(item, _DELETE_SHARE)

    async def _await_share(self, item: Cluster, share: float) -> None:
        """Waits until the action has used this share of the time to create a cluster."""
        injected = fault(self._state.lab, f"{item.action.lower()}-cluster").get("seconds")
        seconds = options.load(self._state.lab).cluster_seconds * share
        if injected is not None and share != _ORDER_SHARE:
            seconds = float(injected)
        await asyncio.sleep(max(0.0, item.since + seconds - time.time()))

    async def _match_order(self, item: Cluster) -> None:
        """Reconciles the cluster's machines with its order."""
        provision.plan_machines(item)
        self._state.save()
        await self._machines()

    async def _machines(self) -> None:
        async with self._vcenter:
            wanted = [
                vcenter.Machine(machine.cid, item.deployment, machine.job)
                for item in self._state.clusters.values()
                for machine in item.machines
            ]
            await _uninterrupted(asyncio.to_thread(self._match_machines, self._state.lab, wanted))

    async def _reconcile(self) -> None:
        """Restores the VMs that a restarted vCenter has lost, and restarts components that have died."""
        try:
            await self._machines()
        except Exception as error:  # any failure of vCenter; retried in the next cycle
            log.warning("vCenter: %s", error)
        for item in list(self._state.clusters.values()):
            async with self._planes[item.uuid]:
                files = ClusterFiles(self._state.lab, item.uuid)
                if not item.serving or item.state == IN_PROGRESS or not outage.load(files).quorum:
                    continue
                try:
                    await self._control_plane.start(self._state.lab, documents.spec(self._state, item))
                except Exception as error:  # retried in the next cycle
                    log.warning("control plane of %s: %s", item.name, error)


async def _uninterrupted(work: Coroutine[Any, Any, None]) -> None:
    """Awaits ``work``, which must not be cancelled: a cancellation takes effect after its end."""
    task = asyncio.ensure_future(work)
    try:
        await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait([task])
        raise
