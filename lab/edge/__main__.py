"""``python -m lab.edge --uuid UUID``: runs the data plane of one cluster until stopped."""

from __future__ import annotations

from lab.cluster import outage
from lab.cluster.daemon import serve_cluster
from lab.cluster.spec import ClusterFiles, ClusterSpec
from lab.edge.server import Edge
from lab.layout import Lab
from lab.rancher import PORT


async def run(lab: Lab, spec: ClusterSpec) -> None:
    """Runs the cluster's data plane until cancelled."""
    files = ClusterFiles(lab, spec.uuid)
    rancher = f"http://{lab.control_plane(spec.slot)}:{PORT}"

    def down() -> frozenset[str]:
        return outage.load(files).nodes

    await Edge(files.kubeconfig("admin"), lab.floating_ips, rancher, down).run()


if __name__ == "__main__":
    serve_cluster("data plane", run)
