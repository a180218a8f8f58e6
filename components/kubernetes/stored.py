"""How many objects an API server has stored, and how large its etcd is."""

from __future__ import annotations

import re
from collections.abc import Iterator

from components.kubernetes.api import Kubernetes, Object

_SIZE = re.compile(
    r"^(?:apiserver_storage_size_bytes|apiserver_storage_db_total_size_in_bytes|etcd_db_total_size_in_bytes)"
    r"(?:\{[^}]*\})? (\S+)$",
    re.MULTILINE,
)
"""The metric from Kubernetes 1.28 on, from 1.21 on, and before."""
_ELSEWHERE = frozenset({"componentstatuses", "events.events.k8s.io"})
"""Lists whose objects are not stored, or are those of another list."""


def count(kubernetes: Kubernetes, path: str) -> int:
    """Number of the objects of a collection; 0 when the API does not know the kind.

    Raises:
        UnreachableError: No answer, or a temporary failure.
        KubernetesError: The API refused.
    """
    page = kubernetes.get(f"{path}?limit=1")
    if page is None:
        return 0
    metadata, shown = _part(page, "metadata"), len(_objects(page, "items"))
    if not metadata.get("continue"):
        return shown
    remaining = metadata.get("remainingItemCount")  # not before Kubernetes 1.15
    return shown + remaining if isinstance(remaining, int) else len(kubernetes.list(path))


def count_all(kubernetes: Kubernetes) -> int:
    """Number of the objects of all kinds that the API server stores itself: each is a key in etcd.

    Raises:
        UnreachableError: No answer, or a temporary failure.
        KubernetesError: The API refused.
    """
    return sum(count(kubernetes, path) for path in _collections(kubernetes))


def etcd_bytes(kubernetes: Kubernetes) -> int | None:
    """Size of etcd's file, pages that are free included; None when the API server does not say.

    Source: the API server's metrics, which need the permission to read ``/metrics``.
    """
    sizes = [float(size) for size in _SIZE.findall(kubernetes.text("/metrics"))]
    return int(max(sizes)) if sizes else None


def _collections(kubernetes: Kubernetes) -> Iterator[str]:
    yield from _lists(kubernetes, "/api/v1", "")
    aggregated = {
        str(_part(item, "spec").get("group"))
        for item in kubernetes.list("/apis/apiregistration.k8s.io/v1/apiservices")
        if _part(item, "spec").get("service")
    }
    for group in _objects(kubernetes.get("/apis"), "groups"):
        name, version = str(group.get("name")), _part(group, "preferredVersion").get("groupVersion")
        if name not in aggregated and version:
            yield from _lists(kubernetes, f"/apis/{version}", name)


def _lists(kubernetes: Kubernetes, root: str, group: str) -> Iterator[str]:
    for resource in _objects(kubernetes.get(root), "resources"):
        name = str(resource.get("name"))
        full = f"{name}.{group}".rstrip(".")
        if "/" not in name and "list" in (resource.get("verbs") or []) and full not in _ELSEWHERE:
            yield f"{root}/{name}"


def _objects(document: Object | None, key: str) -> list[Object]:
    """The objects of a list of a document; what is no object is left out."""
    found = (document or {}).get(key)
    return [item for item in found if isinstance(item, dict)] if isinstance(found, list) else []


def _part(document: Object, key: str) -> Object:
    found = document.get(key)
    return found if isinstance(found, dict) else {}
