"""What one resource of each type takes: the table of docs/policy.md in code.

Tokens of Kubernetes objects are without a version, see ``domain.type_tokens.without_version``. A controller
that creates namespaces on the clusters it deploys to counts as one: Rancher's own may be among them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from domain import type_tokens as kinds
from policy.stack_demand import StackDemand

_IMPORT = StackDemand(imports=1)
_PROJECT = StackDemand(projects=1)
_USER = StackDemand(users=1)
_NAMESPACE = StackDemand(namespaces=1)

_RANCHER = "management.cattle.io"


def _rancher2(*names: str) -> Iterator[str]:
    """Types of the provider for Rancher's API."""
    return (f"rancher2:index/{name[0].lower()}{name[1:]}:{name}" for name in names)


def _objects(group: str, *names: str) -> Iterator[str]:
    """Kubernetes objects of an API group."""
    return (f"kubernetes:{group}:{name}" for name in names)


_IMPORTS = (
    kinds.SITE,
    *_rancher2("Cluster", "ClusterV2"),
    *(f"kubernetes:{group}.cattle.io:Cluster" for group in ("management", "provisioning", "fleet")),
    *_objects("fleet.cattle.io", "ClusterRegistration"),
    *_objects("cluster.x-k8s.io", "Cluster"),
)
_PROJECTS = (*_rancher2("Project"), *_objects(_RANCHER, "Project"))
_USERS = ("pulumi-python:dynamic/fleet:User", *_rancher2("User"), *_objects(_RANCHER, "User"))
_NAMESPACES = (
    *_objects("core", "Namespace"),
    *_objects("index/namespace", "Namespace"),  # HashiCorp's provider, bridged
    *_objects("index/namespaceV1", "NamespaceV1"),
    # Rancher. Monitoring and logging of a cluster each create a namespace on it.
    *_rancher2("Namespace", "App", "AppV2", "MultiClusterApp"),
    *_rancher2("ClusterLogging", "ProjectLogging", "ClusterAlertGroup", "ProjectAlertGroup"),
    *_rancher2("ClusterAlterGroup"),
    *_objects(_RANCHER, "FleetWorkspace", "ManagedChart", "App", "MultiClusterApp"),
    *_objects(_RANCHER, "ClusterLogging", "ProjectLogging", "ClusterAlertGroup", "ProjectAlertGroup"),
    *_objects("project.cattle.io", "App"),
    *_objects("helm.cattle.io", "HelmChart", "ProjectHelmChart"),
    *_objects("k3k.io", "Cluster", "VirtualClusterPolicy"),
    # Fleet
    *_objects("fleet.cattle.io", "Bundle", "BundleDeployment", "GitRepo", "HelmOp"),
    # Other deployers
    *_objects("helm.toolkit.fluxcd.io", "HelmRelease"),
    *_objects("kustomize.toolkit.fluxcd.io", "Kustomization"),
    *_objects("argoproj.io", "Application", "ApplicationSet"),
    *_objects("core.oam.dev", "Application"),
    *_objects("kappctrl.k14s.io", "App"),
    *_objects("packaging.carvel.dev", "PackageInstall"),
    *_objects("helm.crossplane.io", "Release"),
    *_objects("kubernetes.crossplane.io", "Object"),
    # Tenants: namespaces by delegation
    *_objects("hnc.x-k8s.io", "SubnamespaceAnchor"),
    *_objects("accurate.cybozu.com", "SubNamespace"),
    *_objects("capsule.clastix.io", "Tenant"),
    *_objects("tenancy.kiosk.sh", "Space"),
    *_objects("management.loft.sh", "SpaceInstance", "VirtualClusterInstance"),
    *_objects("tenantoperator.stakater.com", "Tenant"),
    *_objects("types.kubefed.io", "FederatedNamespace"),
    *_objects("project.openshift.io", "Project", "ProjectRequest"),
)

DEMAND: Mapping[str, StackDemand] = {
    kinds.CLUSTER: StackDemand(clusters=1),
    **dict.fromkeys(_IMPORTS, _IMPORT),
    **dict.fromkeys(_PROJECTS, _PROJECT),
    **dict.fromkeys(_USERS, _USER),
    **dict.fromkeys(_NAMESPACES, _NAMESPACE),
}
"""Each type that takes anything."""

QUOTAS: Mapping[str, tuple[str, ...]] = {
    "kubernetes:capsule.clastix.io:Tenant": ("spec", "namespaceOptions", "quota"),
}
"""Where a type says how many namespaces its owners may create."""
