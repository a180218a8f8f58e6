"""Type tokens of the resources that the rules are for, and the names that the article gives them."""

from __future__ import annotations

POD_NETWORK = "pulumi-python:dynamic/capacity:PodNetwork"
SITE = "pulumi-python:dynamic/fleet:Site"
FOUNDATION_PREFLIGHT = "pulumi-python:dynamic/pks:FoundationPreflight"
CLUSTER = "pulumi-python:dynamic/pks:Cluster"
NETWORK_PROFILE = "pulumi-python:dynamic/pks:NetworkProfile"
VIRTUAL_MACHINES = "pulumi-python:dynamic/placement:VirtualMachines"

NAMESPACE = "kubernetes:core/v1:Namespace"
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

CATTLE_SYSTEM = "cattle-system"
"""Rancher's namespace: part of what Rancher itself costs."""

INGRESS_CLASS_ANNOTATION = "kubernetes.io/ingress.class"
