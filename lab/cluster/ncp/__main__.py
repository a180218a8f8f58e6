"""``python -m lab.cluster.ncp --uuid UUID``: NCP of one cluster, until it is stopped."""

from __future__ import annotations

import argparse
import asyncio
import logging

from lab import daemon, options
from lab.cluster import spec as specs
from lab.cluster.api import KubernetesApi
from lab.cluster.ncp import namespaces, pods, services
from lab.cluster.ncp.controller import Controller, State
from lab.cluster.ncp.errors import ErrorReporter
from lab.cluster.ncp.nsx import Nsx
from lab.cluster.spec import ClusterFiles
from lab.layout import Lab

_HANDLERS = {
    "namespace": namespaces.reconcile,
    "service": services.reconcile,
    "pod": pods.reconcile,
    "cluster": services.reconcile_cluster,
}


async def run(lab: Lab, uuid: str) -> None:
    """Be the cluster's NCP until cancelled."""
    spec = specs.load(lab, uuid)
    kubeconfig = ClusterFiles(lab, uuid).kubeconfig("ncp")
    async with KubernetesApi(kubeconfig) as api, Nsx(lab, uuid) as nsx:
        errors = ErrorReporter(api, spec.network.error_objects)
        state = State(lab, spec, api, nsx, errors, options.load(lab).load_balancer_seconds)
        await Controller(state, _HANDLERS).run()


def main() -> None:
    parser = argparse.ArgumentParser(description="NCP of one cluster")
    parser.add_argument("--uuid", required=True, help="UUID of the cluster")
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    asyncio.run(daemon.run(run(Lab.from_environment(), arguments.uuid)))


if __name__ == "__main__":
    main()
