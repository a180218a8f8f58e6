"""``python -m lab.foundation``: serves the simulated foundation until SIGTERM."""

from __future__ import annotations

import asyncio
import logging
from contextlib import AsyncExitStack

from aiohttp import web

from lab import pki
from lab.cluster import control_plane
from lab.daemon import run
from lab.foundation import vcenter
from lab.foundation.bosh_api import UAA_PORT, BoshApi
from lab.foundation.clusters import Clusters, ControlPlane, Machines
from lab.foundation.nsx_api import NsxApi
from lab.foundation.outages import Down, Outages
from lab.foundation.pks_api import PksApi
from lab.foundation.state import State
from lab.foundation.uaa import Uaa
from lab.layout import Lab


async def serve(
    lab: Lab,
    plane: ControlPlane = control_plane,
    machines: Machines = vcenter.match,
    down: Down | None = None,
) -> None:
    """Serves all APIs of the foundation until cancelled; resumes actions of the previous process."""
    state, uaa = State.load(lab), Uaa(lab)
    bosh_uaa = Uaa(lab, "bosh", "bosh-uaa", "bosh.admin")
    clusters = Clusters(state, plane, machines)
    outages = Outages(state, down or vcenter.PowerWatch(lab).down, plane.set_outage, clusters.recreate)
    nsx_host, nsx_port = lab.nsx_manager.split(":")
    endpoints = [
        (NsxApi(state).application(), nsx_host, int(nsx_port)),
        (BoshApi(state, clusters, outages, bosh_uaa).application(), lab.bosh_host, 25555),
        (bosh_uaa.application(), lab.bosh_host, UAA_PORT),
        (uaa.application(), lab.pks_host, 8443),
        (PksApi(state, clusters, uaa).application(), lab.pks_host, 9021),
    ]
    hosts = [lab.pks_host, lab.bosh_host, nsx_host]
    tls = pki.server_context(lab, "foundation", hosts)
    async with AsyncExitStack() as running:
        for app, host, port in endpoints:
            runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
            running.push_async_callback(runner.cleanup)
            await runner.setup()
            await web.TCPSite(runner, host, port, ssl_context=tls).start()
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(outages.run())
            tasks.create_task(clusters.run())


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s: %(message)s")
    asyncio.run(run(serve(Lab.from_environment())))
