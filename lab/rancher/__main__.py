"""``python -m lab.rancher --uuid UUID``: runs the simulated Rancher of one cluster until stopped."""

from __future__ import annotations

from lab.cluster.daemon import serve_cluster
from lab.cluster.spec import ClusterFiles, ClusterSpec
from lab.faults import fault
from lab.foundation.http import faulty
from lab.layout import Lab
from lab.rancher import PORT
from lab.rancher.simulator import Rancher


async def run(lab: Lab, spec: ClusterSpec) -> None:
    """Runs the cluster's Rancher until cancelled."""
    files = ClusterFiles(lab, spec.uuid)
    rancher = Rancher(
        files.kubeconfig("admin"),
        (lab.control_plane(spec.slot), PORT),
        seed=spec.uuid,
        fault=lambda: fault(lab, "rancher"),
        middlewares=[faulty(lab, "rancher")],
    )
    await rancher.run()


if __name__ == "__main__":
    serve_cluster("Rancher", run)
