"""Roles and role bindings that Rancher creates in its own cluster: how many is measured, on v2.15.0.

A registered cluster with its two projects adds 12.8 RoleBindings, 2 ClusterRoleBindings and 52 keys in etcd
on average, a further project 5.2 RoleBindings and 15 keys; a user with a global role 2 and 2 bindings, a
member of a cluster 2 and 1, of a project 4 RoleBindings. The averages are spread over the objects by their
number. Invented: names, that they grant nothing, and Roles as the kind of the keys that are neither
namespaces (each with a service account and a ConfigMap) nor bindings nor Rancher's own objects.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from fractions import Fraction

from lab.cluster.api import ApiError, KubernetesApi
from lab.rancher import sprawl
from lab.rancher.context import Context
from lab.rancher.state import LOCAL, Object

_API = "/apis/rbac.authorization.k8s.io/v1"
_AT_ONCE = 16
_A_TURN = 200
"""Objects created before Rancher attends to something else, such as the namespaces of a new cluster."""
_GLOBAL = "cattle-global-data"
_START_BINDINGS = 4
"""RoleBindings of a Rancher without imported clusters: 11 with those of Kubernetes."""
_NAMESPACE_KEYS = 3
_CLUSTER_KEYS, _PROJECT_KEYS = Fraction(22), Fraction(15)
"""52 keys of a cluster are 22 and those of two projects."""
_CLUSTER_BINDINGS, _PROJECT_BINDINGS = Fraction("2.4"), Fraction("5.2")
"""12.8 RoleBindings are 2.4 and those of two projects."""
_CLUSTER_WIDE = 2
"""ClusterRoleBindings of a cluster."""
_CLUSTER_OBJECTS, _PROJECT_OBJECTS = 3, 1
"""Cluster, its mirror and its registration token; Project."""
_CLUSTER_ROLES = _CLUSTER_KEYS - _NAMESPACE_KEYS - _CLUSTER_OBJECTS - _CLUSTER_BINDINGS - _CLUSTER_WIDE
_PROJECT_ROLES = _PROJECT_KEYS - _NAMESPACE_KEYS - _PROJECT_OBJECTS - _PROJECT_BINDINGS
_MEMBERS = {"grb": (2, 2), "crtb": (2, 1), "prtb": (4, 0)}
"""RoleBindings and ClusterRoleBindings of each kind of binding of Rancher."""

Place = tuple[str, str]
"""Collection and name of an object."""


async def keep(api: KubernetesApi, context: Context, made: set[Place]) -> bool:
    """Creates and deletes what is due, and returns whether there is more.

    ``made`` holds the existing ones and is updated.
    """
    turn = asyncio.Semaphore(_AT_ONCE)

    async def create(place: Place) -> None:
        async with turn:
            try:
                await api.create(place[0], _manifest(*place))
            except ApiError as error:
                if error.status not in {403, 404}:  # its namespace is being deleted, or is gone
                    raise
            else:
                made.add(place)

    async def delete(place: Place) -> None:
        async with turn:
            await api.delete("/".join(place))
            made.discard(place)

    wanted, before = set(_wanted(context)), len(made)
    due = sorted(wanted - made)
    await asyncio.gather(*map(create, due[:_A_TURN]))
    has_more = len(due) > _A_TURN and len(made) > before
    await asyncio.gather(*map(delete, made - wanted))
    return has_more


def _wanted(context: Context) -> Iterator[Place]:
    state = context.state
    yield from _in_namespace("cattle-system", "start", bindings=_START_BINDINGS)
    for cluster in state.clusters.values():
        name = cluster["id"]
        if name != LOCAL and sprawl.has_namespaces(context, name):
            bindings, roles = (_share(cluster, average) for average in (_CLUSTER_BINDINGS, _CLUSTER_ROLES))
            yield from _in_namespace(name, name, bindings=bindings, roles=roles)
            yield from _cluster_wide(name, _CLUSTER_WIDE)
    own = sprawl.own_projects(context)  # part of the start
    for project in state.projects.values():
        name = project["namespace"]
        if name not in own and sprawl.has_namespaces(context, project["clusterId"]):
            bindings, roles = (_share(project, average) for average in (_PROJECT_BINDINGS, _PROJECT_ROLES))
            yield from _in_namespace(name, name, bindings=bindings, roles=roles)
    for binding in state.bindings.values():
        bindings, cluster_wide = _MEMBERS[binding["kind"]]
        namespace, _, name = binding["id"].rpartition(":")
        if binding["kind"] == "prtb":
            if binding["projectId"] not in state.projects:
                continue
            namespace = state.projects[binding["projectId"]]["namespace"]
        yield from _in_namespace(namespace or _GLOBAL, name, bindings=bindings)
        yield from _cluster_wide(name, cluster_wide)


def _in_namespace(namespace: str, name: str, *, bindings: int, roles: int = 0) -> Iterator[Place]:
    for kind, count in (("roles", roles), ("rolebindings", bindings)):
        for number in range(count):
            yield f"{_API}/namespaces/{namespace}/{kind}", f"{name}-{number}"


def _cluster_wide(name: str, count: int) -> Iterator[Place]:
    for number in range(count):
        yield f"{_API}/clusterrolebindings", f"{name}-{number}"


def _share(record: Object, average: Fraction) -> int:
    """A whole number for one of several objects that have that many on average."""
    number = record.get("number", 0)
    return int(average * (number + 1)) - int(average * number)


def _manifest(collection: str, name: str) -> Object:
    metadata: Object = {"name": name}
    if collection.endswith("/roles"):
        return {"metadata": metadata, "rules": []}
    kind = "Role" if "/namespaces/" in collection else "ClusterRole"
    role = {"apiGroup": "rbac.authorization.k8s.io", "kind": kind, "name": "lab-grants-nothing"}
    return {"metadata": metadata, "roleRef": role, "subjects": []}
