"""Namespaces of deleted clusters that remain on the server's cluster. Each costs a pod subnet.

Rancher removes them some seconds after the cluster (8 to 19 s were measured on 2.15), and those of Fleet
sometimes never (rancher/fleet#494, #3985).
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import UTC, datetime

from components.rancher.api import Json
from components.runtime.waiting import QUICK, WaitTimeoutError, wait
from domain.leaked_namespaces import cluster_of
from fleet.session import Session

_FRESH_SECONDS = 2.0
_FAILURES = frozenset(
    {
        "NamespaceDeletionDiscoveryFailure",
        "NamespaceDeletionGroupVersionParsingFailure",
        "NamespaceDeletionContentFailure",
    }
)
"""Conditions of a namespace that Kubernetes cannot delete (k8s.io/api/core/v1 ``NamespaceConditionType``)."""
_DELETION_SECONDS = 300.0
"""Hundreds that are deleted together take minutes; from then on a deletion counts as blocked."""


def remaining(session: Session, cluster_id: str) -> list[Json]:
    """Waits for the namespaces of a deleted cluster to go; returns those that remain.

    All deletions of a run share the session's patience, so that hundreds of removals do not take hours. A
    deletion for which none is left returns nothing; the next refresh counts what remains.
    """
    left = session.patience.left()
    found: list[Json] = []

    def poll() -> tuple[str, bool | None]:
        found[:] = [item for item in session.namespaces(_FRESH_SECONDS) if cluster_of(item) == cluster_id]
        return f"{len(found)} remain", None if found else True

    if left:
        try:
            wait(f"namespaces of cluster {cluster_id}", poll, timeout=left, pace=QUICK, resume="")
        except WaitTimeoutError:
            return found
    return []


def leaked(session: Session, clusters: Collection[str]) -> list[Json]:
    """Namespaces of imported clusters that are not among ``clusters`` any more, by name.

    Those that Kubernetes is deleting are not among them, unless it cannot.
    """
    found = ((item, cluster_of(item)) for item in session.namespaces(0))
    left = (item for item, cluster in found if cluster and cluster not in clusters)
    return sorted((item for item in left if not _is_terminating(item) or _is_blocked(item)), key=name)


def remedy(namespaces: Sequence[Json]) -> str:
    """What to do about namespaces that remain, which depends on their state."""
    terminating = [item for item in namespaces if _is_terminating(item)]
    blocked = [name(item) for item in terminating if _is_blocked(item)]
    deleted = [name(item) for item in terminating if not _is_blocked(item)]
    active = [name(item) for item in namespaces if not _is_terminating(item)]
    parts = []
    if active:
        parts.append(f"Delete them, Rancher does not: kubectl delete namespace {' '.join(active)}")
    if deleted:
        parts.append(f"{', '.join(deleted)}: Kubernetes is deleting them")
    if blocked:
        parts.append(
            f"{', '.join(blocked)}: deletion is blocked. A common cause is an API service without an "
            "answer (kubectl get apiservice v1.ext.cattle.io: the masters must reach Rancher's pods); the "
            f"conditions name it: kubectl get namespace {blocked[0]} -o yaml"
        )
    return ". ".join(parts)


def name(namespace: Json) -> str:
    """Name of a namespace."""
    return str(namespace["metadata"]["name"])


def _is_terminating(namespace: Json) -> bool:
    return bool(namespace["metadata"].get("deletionTimestamp"))


def _is_blocked(namespace: Json) -> bool:
    conditions = (namespace.get("status") or {}).get("conditions") or []
    if any(item.get("type") in _FAILURES and item.get("status") == "True" for item in conditions):
        return True
    try:
        since = datetime.fromisoformat(str(namespace["metadata"]["deletionTimestamp"])).astimezone(UTC)
    except ValueError:
        return True  # of unknown age: better named than missed
    return (datetime.now(UTC) - since).total_seconds() > _DELETION_SECONDS
