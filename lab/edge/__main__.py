"""``python -m lab.edge --uuid UUID``: data plane of one cluster, until it is stopped."""

from __future__ import annotations

from lab.cluster.spec import ClusterFiles, ClusterSpec
from lab.daemon import serve_cluster
from lab.edge.server import Edge
from lab.layout import Lab
from lab.rancher import PORT


async def run(lab: Lab, spec: ClusterSpec) -> None:
    """Be the cluster's data plane until cancelled."""
    kubeconfig = ClusterFiles(lab, spec.uuid).kubeconfig("admin")
    rancher = f"http://{lab.control_plane(spec.slot)}:{PORT}"
    await Edge(kubeconfig, lab.floating_ips, rancher).run()


if __name__ == "__main__":
    serve_cluster("data plane", run)
