"""Step 6: DRS rules for masters and workers. They need only the cluster's VMs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pulumi

from components.pks.component import PksCluster
from components.placement.anti_affinity import AntiAffinity, AntiAffinityArgs
from settings import Settings, secret_text
from steps.preflight import Preflight


def placement(
    settings: Settings, preflight: Preflight, cluster: PksCluster
) -> pulumi.Output[Mapping[str, Sequence[str]]] | None:
    """The rules; returns their names by vSphere cluster, or None with antiAffinity ``off``."""
    given = settings.placement
    rules = given.placement_for(settings.cluster.plan_masters, settings.cluster.spec.worker_count)
    if rules is None:
        return None
    args = AntiAffinityArgs(
        placement=rules,
        cluster_name=settings.cluster.cluster_name,
        cluster_uuid=cluster.uuid,
        server=given.vsphere_server,
        user=given.vsphere_user,
        password=secret_text(given.vsphere_password),
    )
    options = pulumi.ResourceOptions(deleted_with=cluster.resource)
    return AntiAffinity("placement", args, pulumi.ResourceOptions.merge(preflight.options, options)).rules
