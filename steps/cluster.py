"""Step 1: plan, network profile, cluster and access to it."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi

from components.kubernetes.objects import Namespace
from components.pks.component import PksCluster, PksClusterArgs
from components.rancher.password import Password
from settings import Settings
from steps.dns import record
from steps.preflight import Preflight
from steps.pull_secret import pull_secret


@dataclass(frozen=True)
class InCluster:
    """What resources in the cluster need.

    Attributes:
        cluster: The cluster.
        namespace: Name of the namespace cattle-system, once it exists.
        options: For each resource in the cluster: deleting the cluster deletes it.
        release_options: For releases in that namespace: with their images' pull secret.
    """

    cluster: PksCluster
    namespace: pulumi.Output[str]
    options: pulumi.ResourceOptions
    release_options: pulumi.ResourceOptions


def cluster(settings: Settings, preflight: Preflight, password: Password | None) -> PksCluster:
    """The cluster; it is ordered after all preflight checks.

    A destroy deletes it before the password: until then somebody may have to log in to Rancher.
    """
    wanted = settings.cluster
    created = PksCluster(
        "rancher",
        PksClusterArgs(
            spec=wanted.spec,
            kubernetes_version=wanted.kubernetes_version,
            network_profile_description=wanted.network_profile_description,
            network_profile_parameters=wanted.network_profile_parameters,
            api_access=wanted.api_access,
            timeout_minutes=wanted.cluster_timeout_minutes,
            protect=wanted.protect_cluster,
        ),
        pulumi.ResourceOptions.merge(
            preflight.options, pulumi.ResourceOptions(depends_on=[password] if password else [])
        ),
    )
    if preflight.capacity:
        preflight.capacity.watch(created.kubeconfig)
    return created


def in_cluster(settings: Settings, cluster: PksCluster) -> InCluster:
    """Namespace cattle-system; with dnsApiRecord it waits for the DNS record of the Kubernetes API."""
    options = pulumi.ResourceOptions(provider=cluster.provider, deleted_with=cluster.resource)
    api = record(settings, "api-dns", settings.cluster.external_hostname, cluster.master_ips[0])
    if api:
        options = pulumi.ResourceOptions.merge(options, pulumi.ResourceOptions(depends_on=api.ready))
    namespace = Namespace("cattle-system", metadata={"name": "cattle-system"}, opts=options)
    name = namespace.metadata["name"]
    secret = pull_secret(settings, "image-pull-secret", name, options)
    waiting = pulumi.ResourceOptions(depends_on=[secret] if secret else [])
    return InCluster(cluster, name, options, pulumi.ResourceOptions.merge(options, waiting))
