"""Marks objects as Helm 3 marks those of its releases.

Helm 3 takes over an existing object only with all three marks (its ``checkOwnership``). The two annotations
alone tell the rest of this program which workloads and Services a release has, whoever installed it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import yaml

from components.kubernetes.api import Kubernetes, Object

RELEASE_NAME = "meta.helm.sh/release-name"
RELEASE_NAMESPACE = "meta.helm.sh/release-namespace"
_MANAGED_BY = {"app.kubernetes.io/managed-by": "Helm"}

_MOVED = {
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
"""Where kinds are served now whose beta versions charts of Helm v2's time name (deprecation guide)."""


def annotate(kubernetes: Kubernetes, manifest: str, namespace: str, release: str) -> int:
    """Annotate the objects of a manifest with their release; returns how many there are."""
    annotations = {RELEASE_NAME: release, RELEASE_NAMESPACE: namespace}
    return _merge(kubernetes, manifest, namespace, {"annotations": annotations})


def adopt(kubernetes: Kubernetes, manifest: str, namespace: str, release: str) -> int:
    """Let Helm 3 take over the objects of a manifest; returns how many there are."""
    annotations = {RELEASE_NAME: release, RELEASE_NAMESPACE: namespace}
    return _merge(kubernetes, manifest, namespace, {"annotations": annotations, "labels": _MANAGED_BY})


def _merge(kubernetes: Kubernetes, manifest: str, namespace: str, metadata: Object) -> int:
    paths = list(_paths(kubernetes, manifest, namespace))
    return sum(kubernetes.merge(path, {"metadata": metadata}) is not None for path in paths)


def _paths(kubernetes: Kubernetes, manifest: str, namespace: str) -> Iterator[str]:
    """The path of each object in the API; of kinds that the API does not know there can be no object."""
    served: dict[str, dict[str, Any]] = {}

    def resources(version: str) -> dict[str, Any]:
        if version not in served:
            answer = kubernetes.get(f"/{'apis' if '/' in version else 'api'}/{version}") or {}
            served[version] = {
                item["kind"]: item for item in answer.get("resources") or [] if "/" not in item["name"]
            }
        return served[version]

    for item in yaml.safe_load_all(manifest):
        if not item:
            continue
        kind = item["kind"]
        for version in (item["apiVersion"], _MOVED.get(kind, "")):
            if version and (resource := resources(version).get(kind)):
                root = f"/{'apis' if '/' in version else 'api'}/{version}"
                where = item["metadata"].get("namespace") or namespace
                inside = f"/namespaces/{where}" if resource["namespaced"] else ""
                yield f"{root}{inside}/{resource['name']}/{item['metadata']['name']}"
                break
