"""The sprawl brake, in the Rancher that runs."""

from __future__ import annotations

import pulumi

from components.rancher.bootstrap import RancherBootstrap
from components.rancher.brake.component import SprawlBrake, SprawlBrakeArgs
from settings import Settings
from steps.cluster import InCluster
from steps.ingress import Endpoint
from steps.preflight import Preflight


def brake(
    settings: Settings,
    preflight: Preflight,
    in_cluster: InCluster,
    endpoint: Endpoint,
    bootstrap: RancherBootstrap | None,
) -> SprawlBrake | None:
    """What denies unplanned clusters and projects; None with sprawlBrake off or rancherBootstrap false."""
    measures = settings.brake.measures
    if not measures or bootstrap is None:
        return None
    plan = preflight.capacity
    return SprawlBrake(
        "sprawl-brake",
        SprawlBrakeArgs(
            measures=measures,
            endpoint=endpoint.rancher,
            token=bootstrap.token,
            kubeconfig=in_cluster.cluster.kubeconfig,
            planned_projects=settings.capacity.planned_projects if plan else None,
            figures=plan.summary["figures"] if plan else None,
            close_percent=settings.brake.brake_close_percent,
            open_percent=settings.brake.brake_open_percent,
        ),
        pulumi.ResourceOptions.merge(
            in_cluster.options, pulumi.ResourceOptions(depends_on=list(bootstrap.ready))
        ),
    )
