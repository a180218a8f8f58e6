"""``PksCluster``: from a plan's name to a Kubernetes provider."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pulumi
from pulumi.dynamic import Resource

from components.kubernetes.objects import KubernetesProvider
from components.pks.cluster import Cluster
from components.pks.kubeconfig import KubeconfigProvider
from components.pks.network_profile import NetworkProfileProvider
from components.runtime.resource import DynamicResource
from domain.cluster import ClusterSpec


@dataclass(frozen=True, kw_only=True)
class PksClusterArgs:
    """A cluster, and how it is reached.

    Attributes:
        spec: The cluster that is wanted.
        kubernetes_version: ``major.minor`` that the live cluster must have; empty: any.
        network_profile_description: Description of the spec's network profile.
        network_profile_parameters: As in the JSON document of PKS; see
            ``domain.network_profile_parameters``.
        api_access: ``hostname``, or ``master-ip`` to connect to the first master's address, where no DNS
            record leads to the API.
        timeout_minutes: Deadline of each action on the cluster.
        protect: Whether the engine refuses to delete the cluster.
    """

    spec: ClusterSpec
    kubernetes_version: str
    network_profile_description: str = ""
    network_profile_parameters: Mapping[str, Any] = field(default_factory=dict)
    api_access: str = "hostname"
    timeout_minutes: int = 90
    protect: bool = False


class NetworkProfile(Resource, module="pks", name="NetworkProfile"):
    """A network profile of the foundation, type ``pulumi-python:dynamic/pks:NetworkProfile``."""

    def __init__(self, resource_name: str, args: PksClusterArgs, opts: pulumi.ResourceOptions) -> None:
        """Declare the resource."""
        props = {
            "name": args.spec.network_profile,
            "description": args.network_profile_description,
            "parameters": dict(args.network_profile_parameters),
        }
        super().__init__(NetworkProfileProvider(), resource_name, props, opts)


class Kubeconfig(DynamicResource, module="pks", name="Kubeconfig"):
    """Access to a cluster, type ``pulumi-python:dynamic/pks:Kubeconfig``.

    Its outputs repeat the cluster's identity, so that they are known when the cluster's update is previewed.
    """

    kubeconfig: pulumi.Output[str]
    """Secret; it has the credentials of a cluster administrator."""
    server: pulumi.Output[str]
    """URL of the Kubernetes API."""
    uuid: pulumi.Output[str]
    master_ips: pulumi.Output[list[str]]
    kubernetes_version: pulumi.Output[str]

    def __init__(
        self, resource_name: str, args: PksClusterArgs, cluster: Cluster, opts: pulumi.ResourceOptions
    ) -> None:
        """Declare the resource; another plan means another cluster."""
        props = {
            "cluster": args.spec.name,
            "external_hostname": args.spec.external_hostname,
            "plan": args.spec.plan,
            "api_access": args.api_access,
            "expected_version": args.kubernetes_version,
            "uuid": cluster.uuid,
            "master_ips": cluster.master_ips,
            "kubernetes_version": cluster.kubernetes_version,
            "kubeconfig": None,
            "server": None,
        }
        super().__init__(KubeconfigProvider(), resource_name, props, opts, secrets=["kubeconfig"])


class PksCluster(pulumi.ComponentResource):
    """Type ``rancher-on-pks:pks:PksCluster``.

    Resources: a NetworkProfile (if one is named), a Cluster, its Kubeconfig and a Kubernetes provider.
    """

    uuid: pulumi.Output[str]
    """UUID in PKS; BOSH calls the deployment ``service-instance_<uuid>``."""
    external_hostname: pulumi.Output[str]
    api_endpoint: pulumi.Output[str]
    """URL of the Kubernetes API."""
    master_ips: pulumi.Output[list[str]]
    kubernetes_version: pulumi.Output[str]
    """Version of the live cluster; empty where PKS does not show it."""
    kubeconfig: pulumi.Output[str]
    """Secret."""
    provider: KubernetesProvider
    resource: Cluster
    """``deleted_with`` of every Kubernetes object in the cluster."""

    def __init__(self, name: str, args: PksClusterArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        """Declare the cluster.

        Args:
            name: Prefix of the resources' names in the stack.
            args: Arguments.
            opts: Options.
        """
        super().__init__("rancher-on-pks:pks:PksCluster", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        spec = args.spec
        ready: list[pulumi.Resource] = []
        if spec.network_profile:
            ready.append(NetworkProfile(f"{name}-network-profile", args, child))
        self.resource = Cluster(
            f"{name}-cluster",
            spec=spec,
            timeout_minutes=args.timeout_minutes,
            opts=pulumi.ResourceOptions(parent=self, depends_on=ready, protect=args.protect),
        )
        access = Kubeconfig(f"{name}-kubeconfig", args, self.resource, child)
        self.provider = KubernetesProvider(
            f"{name}-kubernetes",
            kubeconfig=access.kubeconfig,
            cluster_identifier=access.uuid,
            opts=pulumi.ResourceOptions(parent=self, deleted_with=self.resource),
        )
        self.uuid = access.uuid
        self.external_hostname = pulumi.Output.from_input(spec.external_hostname)
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
