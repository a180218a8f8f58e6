"""Type tokens of the resources that the rules are about."""

from __future__ import annotations

POD_NETWORK = "pulumi-python:dynamic/capacity:PodNetwork"
SITE = "pulumi-python:dynamic/fleet:Site"
PREFLIGHT = "pulumi-python:dynamic/preflight:Preflight"
CLUSTER = "pulumi-python:dynamic/pks:Cluster"
NETWORK_PROFILE = "pulumi-python:dynamic/pks:NetworkProfile"
VIRTUAL_MACHINES = "pulumi-python:dynamic/placement:VirtualMachines"

NAMESPACE = "kubernetes:core/v1:Namespace"
CUSTOM_NAMESPACE = "kubernetes:v1:Namespace"
"""A namespace that is declared as a custom resource."""
SECRET = "kubernetes:core/v1:Secret"  # noqa: S105 - a type
SERVICE = "kubernetes:core/v1:Service"
RELEASE = "kubernetes:helm.sh/v3:Release"
INGRESSES = (
    "kubernetes:networking.k8s.io/v1:Ingress",
    "kubernetes:networking.k8s.io/v1beta1:Ingress",
    "kubernetes:extensions/v1beta1:Ingress",
)
CLUSTER_ROLE_BINDINGS = (
    "kubernetes:rbac.authorization.k8s.io/v1:ClusterRoleBinding",
    "kubernetes:rbac.authorization.k8s.io/v1beta1:ClusterRoleBinding",
)
ANTI_AFFINITY_RULE = "vsphere:index/computeClusterVmAntiAffinityRule:ComputeClusterVmAntiAffinityRule"

IMPORTS = frozenset(
    {
        SITE,
        "rancher2:index/cluster:Cluster",
        "rancher2:index/clusterV2:ClusterV2",
        "kubernetes:management.cattle.io:Cluster",
        "kubernetes:provisioning.cattle.io:Cluster",
        "kubernetes:fleet.cattle.io:Cluster",
        "kubernetes:cluster.x-k8s.io:Cluster",
    }
)
"""Each adds a cluster to Rancher. Tokens of Kubernetes objects here and below are without a version."""

PROJECTS = frozenset({"rancher2:index/project:Project", "kubernetes:management.cattle.io:Project"})
"""Each adds a project to Rancher: one namespace in Rancher's cluster."""

USERS = frozenset({"rancher2:index/user:User", "kubernetes:management.cattle.io:User"})
"""Each adds a user to Rancher: one namespace once the user saves a preference."""

NAMESPACE_CREATORS = frozenset(
    {
        "kubernetes:core:Namespace",
        "rancher2:index/namespace:Namespace",
        *(
            f"rancher2:index/{name[0].lower()}{name[1:]}:{name}"
            for name in ("App", "AppV2", "MultiClusterApp")
        ),
        *(
            f"kubernetes:management.cattle.io:{kind}"
            for kind in ("FleetWorkspace", "ManagedChart", "App", "MultiClusterApp")
        ),
        *(f"kubernetes:fleet.cattle.io:{kind}" for kind in ("Bundle", "GitRepo", "HelmOp")),
        *("kubernetes:helm.cattle.io:HelmChart", "kubernetes:helm.toolkit.fluxcd.io:HelmRelease"),
        *("kubernetes:kustomize.toolkit.fluxcd.io:Kustomization", "kubernetes:argoproj.io:Application"),
        *("kubernetes:argoproj.io:ApplicationSet", "kubernetes:hnc.x-k8s.io:SubnamespaceAnchor"),
        "kubernetes:project.openshift.io:ProjectRequest",
    }
)
"""Each creates a namespace, or has a controller create at least one."""

NAMESPACE_LIST = "kubernetes:core:NamespaceList"

CATTLE_SYSTEM = "cattle-system"
"""Rancher's namespace: part of what Rancher itself takes."""

INGRESS_CLASS_ANNOTATION = "kubernetes.io/ingress.class"


def without_version(token: str) -> str:
    """The token of a Kubernetes object without its API version; other tokens as they are.

    A custom resource has its ``apiVersion`` in the token, which for the core group is the version alone.
    """
    package, _, rest = token.partition(":")
    api, _, kind = rest.partition(":")
    group = api.partition("/")[0]
    return f"{package}:{'core' if group == 'v1' else group}:{kind}" if package == "kubernetes" else token
