"""Adds Helm 3's ownership metadata to the objects of a release.

Helm 3 adopts an existing object only with the label and both annotations (its ``checkOwnership``). The
annotations alone identify the workloads and Services of a release for this program.
"""

from __future__ import annotations

import yaml

from components.helm.workloads import RELEASE_NAME, RELEASE_NAMESPACE
from components.kubernetes.api import Kubernetes, Object
from components.kubernetes.discovery import Discovery

_MANAGED_BY = {"app.kubernetes.io/managed-by": "Helm"}
_CURRENT_VERSIONS = {
    "Ingress": "networking.k8s.io/v1",
    "NetworkPolicy": "networking.k8s.io/v1",
    "Deployment": "apps/v1",
    "DaemonSet": "apps/v1",
    "StatefulSet": "apps/v1",
    "ReplicaSet": "apps/v1",
    "PodDisruptionBudget": "policy/v1",
    "Role": "rbac.authorization.k8s.io/v1",
    "RoleBinding": "rbac.authorization.k8s.io/v1",
    "ClusterRole": "rbac.authorization.k8s.io/v1",
    "ClusterRoleBinding": "rbac.authorization.k8s.io/v1",
    "HorizontalPodAutoscaler": "autoscaling/v2",
    "CustomResourceDefinition": "apiextensions.k8s.io/v1",
}
"""Current API versions of kinds that old charts create in beta versions (Kubernetes deprecation guide)."""


def annotate(kubernetes: Kubernetes, manifest: str, namespace: str, release: str) -> int:
    """Annotates the objects of a manifest with their release; returns how many exist."""
    annotations = {RELEASE_NAME: release, RELEASE_NAMESPACE: namespace}
    return _merge(kubernetes, manifest, namespace, {"annotations": annotations})


def adopt(kubernetes: Kubernetes, manifest: str, namespace: str, release: str) -> int:
    """Prepares the objects of a manifest for adoption by Helm 3; returns how many exist."""
    annotations = {RELEASE_NAME: release, RELEASE_NAMESPACE: namespace}
    return _merge(kubernetes, manifest, namespace, {"annotations": annotations, "labels": _MANAGED_BY})


def _merge(kubernetes: Kubernetes, manifest: str, namespace: str, metadata: Object) -> int:
    """Objects of a kind that the API does not serve cannot exist."""
    discovery, count = Discovery(kubernetes), 0
    for item in filter(None, yaml.safe_load_all(manifest)):
        current = _CURRENT_VERSIONS.get(item["kind"], "")
        path = discovery.path(item, namespace) or (
            discovery.path(item, namespace, current) if current else None
        )
        count += path is not None and kubernetes.merge(path, {"metadata": metadata}) is not None
    return count
