"""Namespaces of deleted clusters that remain on the server's cluster. Each costs a pod subnet.

Rancher removes them some seconds after the cluster (8 to 19 s were measured on 2.15), and those of Fleet
sometimes never (rancher/fleet#494, #3985).
"""

from __future__ import annotations

import re
from collections.abc import Collection

from components.runtime.waiting import QUICK, WaitTimeoutError, wait
from fleet.session import Session

_OF_CLUSTER = re.compile(r"(?:cluster-fleet-default-)?(c-[a-z0-9]{5})(?:-.*)?")
"""Before Rancher 2.9.12 those of projects are called ``p-xxxxx``, without the cluster's id."""
_FRESH_SECONDS = 2.0


def remaining(session: Session, cluster_id: str) -> list[str]:
    """Waits for the namespaces of a deleted cluster to go; returns those that remain.

    All deletions of a run share the session's patience, so that hundreds of removals do not take hours. A
    deletion that comes when it is used up returns none; the next refresh counts what remains.
    """
    left = session.patience.left()
    found: list[str] = []

    def poll() -> tuple[str, bool | None]:
        found[:] = [name for name in session.namespaces(_FRESH_SECONDS) if _cluster_of(name) == cluster_id]
        return ", ".join(found), None if found else True

    if left:
        try:
            wait(f"namespaces of cluster {cluster_id}", poll, timeout=left, pace=QUICK, resume="")
        except WaitTimeoutError:
            return found
    return []


def leaked(session: Session, clusters: Collection[str]) -> list[str]:
    """Namespaces of imported clusters that are not among ``clusters`` any more."""
    found = ((name, _cluster_of(name)) for name in session.namespaces(0))
    return sorted(name for name, cluster in found if cluster and cluster not in clusters)


def _cluster_of(namespace: str) -> str:
    """The imported cluster that a namespace belongs to; empty when it belongs to none."""
    match = _OF_CLUSTER.fullmatch(namespace)
    return match[1] if match else ""
