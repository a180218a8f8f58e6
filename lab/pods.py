"""``python -m lab.pods --uuid UUID``: does the work of one cluster's pods until stopped.

KWOK's pods run nothing. In their place this serves the Ingress objects, runs Rancher, its agents and Tiller,
and pulls the images of pods in a lab with an image registry.
"""

from __future__ import annotations

import asyncio

from lab.agent.agent import Agent
from lab.cluster import kubelet, outage, tiller
from lab.cluster.daemon import serve_cluster
from lab.cluster.spec import ClusterFiles, ClusterSpec
from lab.edge.server import Edge
from lab.faults import fault
from lab.foundation.http import faulty
from lab.layout import Lab
from lab.rancher import PORT
from lab.rancher.simulator import Rancher


async def run(lab: Lab, spec: ClusterSpec) -> None:
    """Does the work until cancelled."""
    files = ClusterFiles(lab, spec.uuid)
    admin, host = files.kubeconfig("admin"), lab.control_plane(spec.slot)
    edge = Edge(admin, lab.floating_ips, f"http://{host}:{PORT}", lambda: outage.load(files).nodes)
    rancher = Rancher(
        admin,
        (host, PORT),
        seed=spec.uuid,
        fault=lambda: fault(lab, "rancher"),
        middlewares=[faulty(lab, "rancher")],
    )
    parts = [edge.run(), rancher.run(), Agent(admin, lab.dns_server).run(), tiller.run(files, spec)]
    if lab.registry_config.exists():
        parts.append(kubelet.pull(lab, admin))
    async with asyncio.TaskGroup() as tasks:
        for part in parts:
            tasks.create_task(part)


if __name__ == "__main__":
    serve_cluster("pods", run)
