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
NAMESPACE_PATCH = "kubernetes:core/v1:NamespacePatch"
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

RELEASES = (RELEASE, "helm:index/release:Release")
"""Helm releases: of the Kubernetes plugin, and of HashiCorp's provider."""
RENDERED = frozenset(
    {
        *(f"kubernetes:yaml{version}:Config{what}" for version in ("", "/v2") for what in ("File", "Group")),
        *(f"kubernetes:helm.sh/{version}:Chart" for version in ("v2", "v3", "v4")),
        *(f"kubernetes:kustomize{version}:Directory" for version in ("", "/v2")),
    }
)
"""Components whose children are the objects that they render."""

CATTLE_SYSTEM = "cattle-system"
"""Rancher's namespace: part of what Rancher itself takes."""

INGRESS_CLASS_ANNOTATION = "kubernetes.io/ingress.class"


CLUSTER_NAMESPACES = frozenset({"default", "kube-system", "kube-public", "kube-node-lease", "pks-system"})
"""Namespaces that every cluster has."""


def without_version(token: str) -> str:
    """The token of a Kubernetes object without its API version; other tokens as they are.

    A custom resource has its ``apiVersion`` in the token, which for the core group is the version alone.
    """
    package, _, rest = token.partition(":")
    api, _, kind = rest.partition(":")
    if package != "kubernetes" or api.startswith("index/"):
        return token
    group = api.partition("/")[0]
    return f"kubernetes:{'core' if group == 'v1' else group}:{kind}"
