"""``PksCluster``: from a plan's name to a Kubernetes provider."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pulumi

from components.kubernetes.objects import KubernetesProvider
from components.pks.cluster import Cluster
from components.pks.kubeconfig import Kubeconfig
from components.pks.network_profile import NetworkProfile
from components.pks.preflight import Foundation


@dataclass(frozen=True, kw_only=True)
class PksClusterArgs:
    """What cluster is wanted, in the words of PKS."""

    cluster: str
    external_hostname: str
    """Name of the Kubernetes API; the API's certificate carries it."""
    plan: str
    plan_masters: int
    """Masters that the plan must give; checked before anything is created."""
    plan_workers: int
    plan_privileged: bool
    workers: int = 0
    """Worker nodes; 0: as many as the plan gives."""
    kubernetes_version: str
    """``major.minor`` that the foundation deploys; compared with the live cluster."""
    network_profile: str = ""
    """Name of the network profile; empty: the foundation's defaults."""
    network_profile_description: str = ""
    network_profile_parameters: Mapping[str, Any] = field(default_factory=dict)
    compute_profile: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)
    api_access: str = "hostname"
    """``hostname``, or ``master-ip`` where no DNS record leads to the API."""
    timeout_minutes: int = 90
    protect: bool = False


class PksCluster(pulumi.ComponentResource):
    """Type ``rancher-on-pks:pks:PksCluster``.

    Makes a Foundation check, a NetworkProfile (when named), a Cluster, its Kubeconfig and a Kubernetes
    Provider.
    """

    uuid: pulumi.Output[str]
    """UUID in PKS; BOSH calls the deployment ``service-instance_<uuid>``."""
    external_hostname: pulumi.Output[str]
    api_endpoint: pulumi.Output[str]
    """URL of the Kubernetes API."""
    master_ips: pulumi.Output[list[str]]
    kubernetes_version: pulumi.Output[str]
    """Version of the live cluster; empty where PKS does not tell it."""
    kubeconfig: pulumi.Output[str]
    """Secret."""
    provider: KubernetesProvider
    foundation: Foundation
    """What must not be created before the foundation is known to serve it depends on this."""
    resource: Cluster
    """Gone with it are all Kubernetes objects: their ``deleted_with``."""

    def __init__(self, name: str, args: PksClusterArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("rancher-on-pks:pks:PksCluster", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        parameters = dict(args.network_profile_parameters)
        self.foundation = Foundation(
            f"{name}-foundation",
            plan=args.plan,
            masters=args.plan_masters,
            workers=args.plan_workers,
            privileged=args.plan_privileged,
            cluster=args.cluster,
            external_hostname=args.external_hostname,
            network_profile=args.network_profile,
            network_profile_parameters=parameters,
            compute_profile=args.compute_profile,
            opts=child,
        )
        ready: pulumi.Resource = self.foundation
        if args.network_profile:
            ready = NetworkProfile(
                f"{name}-network-profile",
                profile=args.network_profile,
                description=args.network_profile_description,
                parameters=parameters,
                opts=pulumi.ResourceOptions(parent=self, depends_on=ready),
            )
        self.resource = Cluster(
            f"{name}-cluster",
            cluster=args.cluster,
            external_hostname=args.external_hostname,
            plan=args.plan,
            workers=args.workers or args.plan_workers,
            network_profile=args.network_profile,
            compute_profile=args.compute_profile,
            tags=args.tags,
            timeout_minutes=args.timeout_minutes,
            opts=pulumi.ResourceOptions(parent=self, depends_on=ready, protect=args.protect),
        )
        access = Kubeconfig(
            f"{name}-kubeconfig",
            cluster=args.cluster,
            external_hostname=args.external_hostname,
            plan=args.plan,
            api_access=args.api_access,
            expected_version=args.kubernetes_version,
            uuid=self.resource.uuid,
            master_ips=self.resource.master_ips,
            kubernetes_version=self.resource.kubernetes_version,
            opts=child,
        )
        self.provider = KubernetesProvider(
            f"{name}-kubernetes",
            kubeconfig=access.kubeconfig,
            cluster_identifier=access.uuid,
            opts=pulumi.ResourceOptions(parent=self, deleted_with=self.resource),
        )
        self.uuid = access.uuid
        self.external_hostname = pulumi.Output.from_input(args.external_hostname)
        self.api_endpoint = access.server
        self.master_ips = access.master_ips
        self.kubernetes_version = access.kubernetes_version
        self.kubeconfig = access.kubeconfig
        self.register_outputs(
            {
                "uuid": self.uuid,
                "api_endpoint": self.api_endpoint,
                "kubernetes_version": self.kubernetes_version,
                "kubeconfig": self.kubeconfig,
            }
        )
