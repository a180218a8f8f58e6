"""``python -m lab.agent --uuid UUID``: does the work of two kinds of pods until stopped.

They are Rancher's agent and Tiller.
"""

from __future__ import annotations

import asyncio

from lab.agent.agent import Agent
from lab.cluster import tiller
from lab.cluster.daemon import serve_cluster
from lab.cluster.spec import ClusterFiles, ClusterSpec
from lab.layout import Lab


async def run(lab: Lab, spec: ClusterSpec) -> None:
    """Runs both for the cluster until cancelled."""
    files = ClusterFiles(lab, spec.uuid)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(Agent(files.kubeconfig("admin"), lab.dns_server).run())
        tasks.create_task(tiller.run(files, spec))


if __name__ == "__main__":
    serve_cluster("agent", run)
