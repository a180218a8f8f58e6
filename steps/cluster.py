"""Step 1: plan, network profile, cluster and access to it; the DRS rules of its VMs, which are of step 6."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi

from components.kubernetes.objects import Namespace
from components.pks.component import PksCluster, PksClusterArgs
from components.placement import AntiAffinity, AntiAffinityArgs
from settings import Settings, secret_text
from steps.dns import record
from steps.preflight import Checks


@dataclass(frozen=True)
class Inside:
    """The cluster for what is installed in it.

    Attributes:
        cluster: The cluster.
        namespace: Name of cattle-system, once it is there.
        options: Of each resource in the cluster: gone with it.
    """

    cluster: PksCluster
    namespace: pulumi.Output[str]
    options: pulumi.ResourceOptions


def cluster(settings: Settings, checks: Checks) -> PksCluster:
    """The cluster, once nothing speaks against it."""
    made = PksCluster(
        "rancher",
        PksClusterArgs(
            spec=settings.cluster_spec,
            plan_masters=settings.plan_masters,
            plan_workers=settings.plan_workers,
            plan_privileged=settings.plan_privileged,
            kubernetes_version=settings.kubernetes_version,
            network_profile_description=settings.network_profile_description,
            network_profile_parameters=settings.network_profile_parameters,
            api_access=settings.api_access,
            timeout_minutes=settings.cluster_timeout_minutes,
            protect=settings.protect_cluster,
        ),
        pulumi.ResourceOptions(depends_on=checks.resources),
    )
    if checks.capacity:
        checks.capacity.watch(made.kubeconfig)
    return made


def placement(settings: Settings, cluster: PksCluster) -> pulumi.Output[Mapping[str, Sequence[str]]] | None:
    """DRS rules for masters and workers; returns their names by vSphere cluster."""
    if settings.placement is None:
        return None
    args = AntiAffinityArgs(
        placement=settings.placement,
        cluster_name=settings.cluster_name,
        cluster_uuid=cluster.uuid,
        server=settings.vsphere_server,
        user=settings.vsphere_user,
        password=secret_text(settings.vsphere_password),
    )
    return AntiAffinity("placement", args).rules


def inside(settings: Settings, cluster: PksCluster) -> Inside:
    """Namespace cattle-system, and the DNS record of the Kubernetes API if that is ours to make."""
    options = pulumi.ResourceOptions(provider=cluster.provider, deleted_with=cluster.resource)
    api = record(settings, "api-dns", settings.external_hostname, cluster.master_ips[0])
    if api:
        options = pulumi.ResourceOptions.merge(options, pulumi.ResourceOptions(depends_on=api.ready))
    namespace = Namespace("cattle-system", metadata={"name": "cattle-system"}, opts=options)
    return Inside(cluster, namespace.metadata["name"], options)
