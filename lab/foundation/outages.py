"""Effects of VMs that are down: nodes and the API fail, and BOSH recreates VMs.

BOSH's resurrector (docs-bosh ``resurrector``) replaces VMs with silent agents; its delay of
``resurrect_seconds`` is invented. vSphere HA, which restarts a lost host's VMs, is in ``lab/tools/vcsim``.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable

from lab import options
from lab.cluster.outage import Outage
from lab.foundation.pools import is_worker
from lab.foundation.state import IN_PROGRESS, Cluster, Machine, State
from lab.layout import Lab

log = logging.getLogger("foundation")

_POLL_SECONDS = 2.0

Down = Callable[[], set[str]]
"""Returns the CIDs of the VMs that are down; blocking."""
Apply = Callable[[Lab, str, Outage], Awaitable[None]]
"""Applies the current outage to a cluster, by its UUID."""
Replace = Callable[[Cluster, str, str], Awaitable[object]]
"""Recreates the VM of an instance, by its job and GUID."""


class Outages:
    """Watches vCenter and applies outages to the clusters."""

    def __init__(self, state: State, down: Down, apply: Apply, replace: Replace) -> None:
        self._state = state
        self._down, self._apply, self._replace = down, apply, replace
        self._since: dict[str, float] = {}
        """Time at which each VM went down, by CID (monotonic clock)."""
        self._applied: dict[str, Outage] = {}
        """Outage last applied to each cluster, by UUID."""

    @property
    def silent(self) -> set[str]:
        """CIDs of the VMs that are down."""
        return set(self._since)

    async def run(self) -> None:
        """Watches until cancelled."""
        while True:
            try:
                down = await asyncio.to_thread(self._down)
            except Exception as error:  # vCenter is unavailable; assume no change
                log.debug("vCenter: %s", error)
            else:
                await self._update(down)
            await asyncio.sleep(_POLL_SECONDS)

    async def _update(self, down: set[str]) -> None:
        now = time.monotonic()
        self._since = {cid: self._since.get(cid, now) for cid in down}
        for item in list(self._state.clusters.values()):
            if item.serving:
                await self._apply_change(item, outage(item.machines, down))
                await self._resurrect(item, now)

    async def _apply_change(self, item: Cluster, found: Outage) -> None:
        if self._applied.get(item.uuid) == found:
            return
        try:
            await self._apply(self._state.lab, item.uuid, found)
        except Exception as error:  # retried in the next cycle
            log.warning("outage of %s: %s", item.name, error or type(error).__name__)
        else:
            log.info("cluster %s: %s", item.name, found)
            self._applied[item.uuid] = found

    async def _resurrect(self, item: Cluster, now: float) -> None:
        patience = options.load(self._state.lab).resurrect_seconds
        for machine in list(item.machines):
            since = self._since.get(machine.cid)
            if since is None or now - since < patience or item.state == IN_PROGRESS:
                continue
            log.info("BOSH recreates %s/%s: %s is silent", machine.job, machine.id, machine.cid)
            try:
                await self._replace(item, machine.job, machine.id)
            except Exception as error:  # retried in the next cycle
                log.warning("%s/%s: %s", machine.job, machine.id, error)


def outage(machines: list[Machine], down: set[str]) -> Outage:
    """Returns the outage of a cluster with these machines."""
    masters = [machine.cid in down for machine in machines if machine.job == "master"]
    workers = {machine.id for machine in machines if is_worker(machine.job) and machine.cid in down}
    return Outage(frozenset(workers), quorum=not masters or 2 * sum(masters) < len(masters))
