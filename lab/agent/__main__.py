"""``python -m lab.agent --uuid UUID``: runs Rancher's agent of one cluster until stopped."""

from __future__ import annotations

from lab.agent.agent import Agent
from lab.cluster.daemon import serve_cluster
from lab.cluster.spec import ClusterFiles, ClusterSpec
from lab.layout import Lab


async def run(lab: Lab, spec: ClusterSpec) -> None:
    """Runs the cluster's agent until cancelled."""
    await Agent(ClusterFiles(lab, spec.uuid).kubeconfig("admin"), lab.dns_server).run()


if __name__ == "__main__":
    serve_cluster("agent", run)
