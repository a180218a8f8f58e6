"""What happens to clusters when their VMs do not run: nodes and the API go down, and BOSH makes VMs anew.

BOSH's resurrector (docs-bosh ``resurrector``) replaces VMs whose agents are silent; that it takes
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

_LOOK_SECONDS = 0.5

Down = Callable[[], set[str]]
"""Tells the CIDs of the VMs that do not run; blocking."""
Apply = Callable[[Lab, str, Outage], Awaitable[None]]
"""Makes the outage of a cluster, by its UUID, what it is now."""
Replace = Callable[[Cluster, str, str], Awaitable[object]]
"""Makes the VM of an instance, by its job and GUID, anew."""


class Outages:
    """Watches vCenter and lets the clusters suffer."""

    def __init__(self, state: State, down: Down, apply: Apply, replace: Replace) -> None:
        self._state = state
        self._down, self._apply, self._replace = down, apply, replace
        self._since: dict[str, float] = {}
        """Since when each VM that is down is so (monotonic clock)."""
        self._told: dict[str, Outage] = {}
        """The outage that each cluster has, by UUID."""

    @property
    def silent(self) -> set[str]:
        """CIDs of the VMs that are down."""
        return set(self._since)

    async def run(self) -> None:
        """Watch until cancelled."""
        while True:
            try:
                down = await asyncio.to_thread(self._down)
            except Exception as error:  # vCenter is away; the VMs are as they were
                log.debug("vCenter: %s", error)
            else:
                await self._look(down)
            await asyncio.sleep(_LOOK_SECONDS)

    async def _look(self, down: set[str]) -> None:
        now = time.monotonic()
        self._since = {cid: self._since.get(cid, now) for cid in down}
        for item in list(self._state.clusters.values()):
            if item.serving:
                await self._tell(item, outage(item.machines, down))
                await self._resurrect(item, now)

    async def _tell(self, item: Cluster, found: Outage) -> None:
        if self._told.get(item.uuid) == found:
            return
        try:
            await self._apply(self._state.lab, item.uuid, found)
        except Exception as error:  # tried again next time
            log.warning("outage of %s: %s", item.name, error or type(error).__name__)
        else:
            log.info("cluster %s: %s", item.name, found)
            self._told[item.uuid] = found

    async def _resurrect(self, item: Cluster, now: float) -> None:
        patience = options.load(self._state.lab).resurrect_seconds
        for machine in list(item.machines):
            since = self._since.get(machine.cid)
            if since is None or now - since < patience or item.state == IN_PROGRESS:
                continue
            log.info("BOSH makes %s/%s anew: %s is silent", machine.job, machine.id, machine.cid)
            try:
                await self._replace(item, machine.job, machine.id)
            except Exception as error:  # tried again next time
                log.warning("%s/%s: %s", machine.job, machine.id, error)


def outage(machines: list[Machine], down: set[str]) -> Outage:
    """What is down of a cluster with these machines."""
    masters = [machine.cid in down for machine in machines if machine.job == "master"]
    workers = {machine.id for machine in machines if is_worker(machine.job) and machine.cid in down}
    return Outage(frozenset(workers), quorum=not masters or 2 * sum(masters) < len(masters))
