"""``python -m lab.cluster.ncp --uuid UUID``: runs NCP of one cluster until stopped."""

from __future__ import annotations

from lab import options
from lab.cluster.api import KubernetesApi
from lab.cluster.daemon import serve_cluster
from lab.cluster.ncp import namespaces, pods, services
from lab.cluster.ncp.controller import Controller, State
from lab.cluster.ncp.errors import ErrorReporter
from lab.cluster.ncp.nsx import Nsx
from lab.cluster.spec import ClusterFiles, ClusterSpec
from lab.layout import Lab

_HANDLERS = {
    "namespace": namespaces.reconcile,
    "service": services.reconcile,
    "pod": pods.reconcile,
    "cluster": services.reconcile_cluster,
}


async def run(lab: Lab, spec: ClusterSpec) -> None:
    """Runs the cluster's NCP until cancelled."""
    kubeconfig = ClusterFiles(lab, spec.uuid).kubeconfig("ncp")
    async with KubernetesApi(kubeconfig) as api, Nsx(lab, spec.uuid) as nsx:
        errors = ErrorReporter(api, spec.network.error_objects)
        state = State(lab, spec, api, nsx, errors, options.load(lab).load_balancer_seconds)
        await Controller(state, _HANDLERS).run()


if __name__ == "__main__":
    serve_cluster("NCP", run)
