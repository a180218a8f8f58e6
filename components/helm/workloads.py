"""Finds the workloads of a Helm release, and asks the cluster why they are not ready."""

from __future__ import annotations

from collections.abc import Sequence

from components.kubernetes.api import Kubernetes
from domain.documents import shortened
from domain.workloads import KINDS, Workload, by_object, explain, ncp_errors, owned_by


def find(kubernetes: Kubernetes, namespace: str, release: str) -> list[Workload]:
    """Returns the workloads of the release in its namespace."""
    return [
        Workload(kind, item)
        for kind, plural in KINDS.items()
        for item in kubernetes.list(f"/apis/apps/v1/namespaces/{namespace}/{plural}")
        if owned_by(item, namespace, release)
    ]


def diagnose(kubernetes: Kubernetes, namespace: str, workloads: Sequence[Workload]) -> list[str]:
    """Returns a line for each object that is not ready, with the reasons that the cluster reports."""
    path = f"/api/v1/namespaces/{namespace}"
    warnings = by_object(kubernetes.list(f"{path}/events", fieldSelector="type=Warning"))
    lines = []
    space = kubernetes.get(path)
    if space and (errors := list(ncp_errors(space))):
        lines.append(f"Namespace {namespace}: {'; '.join(errors)}")
    for workload in workloads:
        if not workload.is_ready:
            pods = kubernetes.list(f"{path}/pods", labelSelector=workload.selector)
            lines += explain(workload, pods, warnings)
    return [shortened(line) for line in lines]
