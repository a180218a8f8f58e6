"""Namespaces that depend on Rancher's objects, besides those of ``namespaces.created``.

Measured on v2.15.0: an imported cluster has three (its own and those of the projects Default and System) and
one more once its agent is connected, a project has one, a user has one after the first preference. After a
deletion Fleet's are removed after 8 s, the others after 15 to 20 s; here it takes a tenth of that. The fault
``leak`` of ``rancher`` lists the kinds whose namespaces are never removed: ``fleet`` (rancher/fleet#3985),
``users`` (rancher/rancher#30251), ``clusters``, ``projects``.

A cluster that is deleted within half a second keeps its namespaces and those of its projects for good: 5 of 5
on v2.15.0, deleted as soon as the namespaces were there. Their removal is the task of a finalizer, which
Rancher adds only then (``mgmt-cluster-rbac-remove``), with the annotation ``GUARDED`` of the cluster.
The fault ``setup_seconds`` of ``rancher`` is the time that this takes.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterable, Iterator
from typing import Literal

from lab.cluster.api import KubernetesApi
from lab.rancher import namespaces
from lab.rancher.context import Context
from lab.rancher.namespaces import Namespace
from lab.rancher.state import LOCAL, Object

GUARDED = "lifecycle.cattle.io/create.mgmt-cluster-rbac-remove"
"""Annotation of a cluster whose deletion removes its namespaces."""
_SETUP_SECONDS = 0.5
"""Time from a cluster's creation until its deletion removes its namespaces."""
_NAMESPACES_SHARE = 0.6
"""Part of that time after which the namespaces are there; 0.14 to 0.47 s measured."""
PROJECT_NAMESPACE_SECONDS = 0.1
"""Time from a project's creation to its namespace, which bindings in the project need."""
_FLEET_GONE_SECONDS = 0.8
_GONE_SECONDS = 1.6
NAMESPACES = "/api/v1/namespaces"
_log = logging.getLogger(__name__)

Kind = Literal["fleet", "users", "clusters", "projects"]


def has_namespaces(context: Context, cluster_id: str) -> bool:
    """Whether the cluster has its namespaces; objects in it can be created only then."""
    cluster = context.state.clusters.get(cluster_id)
    return cluster is not None and cluster["removed"] is None and context.clock() >= _namespaces_due(cluster)


def is_made(context: Context, project: Object) -> bool:
    """Whether the project's object exists, from which its controller makes the namespace."""
    return context.store is None or context.store.holds(project["id"])


def setup_seconds(context: Context) -> float:
    """Returns the time that Rancher takes now to set up a new cluster."""
    seconds: float = context.fault().get("setup_seconds", _SETUP_SECONDS)
    return seconds


def is_guarded(context: Context, cluster: Object) -> bool:
    """Whether the deletion of the cluster removes its namespaces, and those of its projects."""
    return context.clock() >= float(cluster["created"] + cluster["setup_seconds"])


def fleet_namespace(cluster_id: str) -> str:
    """Returns Fleet's namespace for an imported cluster."""
    digest = hashlib.sha256(f"fleet-default::{cluster_id}".encode()).hexdigest()
    return f"cluster-fleet-default-{cluster_id}-{digest[:12]}"


def schedule_deletion(context: Context, kind: Kind, names: Iterable[str]) -> None:
    """Schedules the deletion of namespaces, unless they leak."""
    if kind in context.fault().get("leak", []):
        return
    due = context.clock() + (_FLEET_GONE_SECONDS if kind == "fleet" else _GONE_SECONDS)
    context.state.leaving.update(dict.fromkeys(names, due))


def wanted(context: Context) -> list[Namespace]:
    """Returns the namespaces that must exist now, in the order of their creation."""
    state = context.state
    fixed = namespaces.created(context.version(), context.seed, server_url=bool(state.setting("server-url")))
    found = [*fixed, *_of_clusters(context)]
    found += [Namespace(name) for name in {key.partition("/")[0]: None for key in state.preferences}]
    known = {project["namespace"] for project in state.projects.values()}
    gone = own_projects(context) - known
    return [item for item in found if item.name not in gone and item.name not in state.leaving]


def own_projects(context: Context) -> set[str]:
    """Returns the namespaces of the two projects that ``local`` begins with."""
    return set(namespaces.local_projects(context.seed).values())


def _of_clusters(context: Context) -> Iterator[Namespace]:
    for cluster in context.state.clusters.values():
        if cluster["id"] != LOCAL and has_namespaces(context, cluster["id"]):
            yield Namespace(cluster["id"], system=True)
            if cluster["connected"] and context.release.fleet:
                yield Namespace(fleet_namespace(cluster["id"]))
    own = own_projects(context)
    for project in context.state.projects.values():
        if (
            project["namespace"] not in own
            and has_namespaces(context, project["clusterId"])
            and is_made(context, project)
        ):
            yield Namespace(project["namespace"], system=True)


def pause(context: Context, since: float) -> float | None:
    """Returns the seconds until the next time-dependent change; None if there is none.

    Args:
        context: Rancher.
        since: When ``keep`` began: what has become due after that may be missing.
    """
    times = [*context.state.leaving.values()]
    times += [at for cluster in context.state.clusters.values() if (at := _namespaces_due(cluster)) > since]
    return max(0.01, min(times) - context.clock()) if times else None


async def keep(api: KubernetesApi, context: Context, made: set[str]) -> None:
    """Creates and deletes what is due; ``made`` holds the existing ones and is updated."""
    for namespace in wanted(context):
        if namespace.name not in made:
            if await api.create(NAMESPACES, namespace.manifest):
                _log.info("created namespace %s", namespace.name)
            made.add(namespace.name)
    due = [name for name, at in context.state.leaving.items() if at <= context.clock()]
    for name in due:
        if await api.delete(f"{NAMESPACES}/{name}"):
            _log.info("deleted namespace %s", name)
        made.discard(name)
        context.state.leaving.pop(name, None)


def _namespaces_due(cluster: Object) -> float:
    return float(cluster["created"] + _NAMESPACES_SHARE * cluster["setup_seconds"])
