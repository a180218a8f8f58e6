"""Namespaces that deleted clusters leave on the server's cluster: each goes on costing a pod subnet.

Rancher removes them some seconds after the cluster (8 to 19 s were measured on 2.15), and those of Fleet
sometimes never (rancher/fleet#494, #3985).
"""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Collection
from dataclasses import dataclass, field

from fleet.session import Session

_NAMESPACES = "/k8s/clusters/local/api/v1/namespaces"
"""Rancher's own cluster, through Rancher."""
_OF_CLUSTER = re.compile(r"(?:cluster-fleet-default-)?(c-[a-z0-9]{5})(?:-.*)?")
"""Before Rancher 2.9.12 those of projects are called ``p-xxxxx``: nothing tells of which cluster they are."""
_PATIENCE_SECONDS = 30.0
_POLL_SECONDS = 2.0


@dataclass
class _Watch:
    """What all deletions of a run share: how long they wait, and what one of them has seen."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    until: float = 0.0
    seen: float = 0.0
    names: list[str] = field(default_factory=list)


_watch = _Watch()


def stay(session: Session, cluster_id: str) -> list[str]:
    """Namespaces of a cluster just deleted that are there still, after some patience.

    All deletions of a run share the patience, so that removing hundreds does not take hours; those that come
    when it is used up say nothing, and the next refresh counts what stays.
    """
    with _watch.lock:
        _watch.until = _watch.until or time.monotonic() + _PATIENCE_SECONDS
    if time.monotonic() >= _watch.until:
        return []
    while True:
        found = [name for name in _recent(session) if _cluster_of(name) == cluster_id]
        if not found or time.monotonic() >= _watch.until:
            return found
        time.sleep(_POLL_SECONDS)


def _recent(session: Session) -> list[str]:
    """The namespaces as of a moment ago: one request for all deletions that wait."""
    with _watch.lock:
        if time.monotonic() - _watch.seen >= _POLL_SECONDS:
            _watch.names, _watch.seen = _names(session), time.monotonic()
        return _watch.names


def orphans(session: Session, clusters: Collection[str]) -> list[str]:
    """Namespaces of imported clusters that are none of these any more."""
    found = ((name, _cluster_of(name)) for name in _names(session))
    return sorted(name for name, cluster in found if cluster and cluster not in clusters)


def _cluster_of(namespace: str) -> str:
    """The imported cluster that a namespace is of; empty for another one."""
    match = _OF_CLUSTER.fullmatch(namespace)
    return match[1] if match else ""


def _names(session: Session) -> list[str]:
    items = session.call("GET", _NAMESPACES).get("items") or []
    return [str(item["metadata"]["name"]) for item in items]
