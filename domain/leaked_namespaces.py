"""Namespaces of Rancher's that survived their cluster: which ones, and which may be removed unattended. Pure.

Rancher names them after its ids: ``c-xxxxx`` or ``c-m-xxxxxxxx`` for a cluster, ``<cluster>-p-xxxxx`` for a
project, before 2.9.12 ``p-xxxxx``, and marks them with an annotation (``project_cluster/common.go``). Fleet's
ends in a hash of workspace and cluster (``controllers/cluster/controller.go``). A name alone proves nothing:
``c-mysql`` is a possible id.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

Object = Mapping[str, Any]
"""An object as the Kubernetes API returns it. Everybody who may write to that cluster may have written it."""

LOCAL = "local"
"""The cluster that Rancher runs on, which it always has."""
SYSTEM = "management.cattle.io/system-namespace"
"""Annotation of a namespace that Rancher created for a cluster or a project."""

_CLUSTER = r"c-(?:m-[a-z0-9]{8}|[a-z0-9]{5})"
_OF_CLUSTER = re.compile(rf"(?P<cluster>{_CLUSTER})(?:-p-[a-z0-9]{{5}})?")
_OF_PROJECT = re.compile(r"p-[a-z0-9]{5}")
_OF_FLEET = re.compile(
    rf"cluster-(?P<workspace>[a-z0-9-]+?)-(?P<cluster>{_CLUSTER})-(?P<hash>[0-9a-f]{{12}})"
)
_DELETION = timedelta(minutes=5)
"""A deletion that takes longer is blocked."""


@dataclass(frozen=True)
class Listing:
    """What Rancher has at one moment.

    Attributes:
        clusters: Ids of its clusters, those being deleted included.
        projects: Names of its projects, and their namespaces.
        referenced: Clusters that Fleet or the provisioning API still have.
    """

    clusters: frozenset[str]
    projects: frozenset[str]
    referenced: frozenset[str]

    @classmethod
    def of(
        cls,
        *,
        clusters: Iterable[Object],
        projects: Iterable[Object],
        others: Iterable[Object],
    ) -> Listing:
        """The listing of the API's objects.

        Args:
            clusters: All ``clusters.management.cattle.io``.
            projects: All ``projects.management.cattle.io``.
            others: All clusters of the groups ``provisioning.cattle.io`` and ``fleet.cattle.io``.

        Raises:
            ValueError: It is not the complete listing of a Rancher that runs.
        """
        names = frozenset(_name(item) for item in clusters)
        if LOCAL not in names:
            raise ValueError(f"Rancher lists no cluster `{LOCAL}`, so its list of clusters is not complete")
        # The objects of a deleted cluster's projects may lie in the namespace that it left behind.
        alive = [item for item in projects if str(_metadata(item).get("namespace")) in names]
        if not any(_metadata(item).get("namespace") == LOCAL for item in alive):
            raise ValueError(f"Rancher lists no project of `{LOCAL}`, so its list is not complete")
        backing = [str(_mapping(item, "status").get("backingNamespace") or "") for item in alive]
        return cls(
            clusters=names,
            projects=frozenset((*map(_name, alive), *backing)),
            referenced=frozenset(
                text
                for item in others
                for text in (_name(item), str(_mapping(item, "status").get("clusterName") or ""))
            ),
        )

    def __or__(self, other: Listing) -> Listing:
        """What is in either."""
        return Listing(
            clusters=self.clusters | other.clusters,
            projects=self.projects | other.projects,
            referenced=self.referenced | other.referenced,
        )


@dataclass(frozen=True, kw_only=True)
class Leak:
    """A namespace whose cluster, or project, Rancher does not have.

    Attributes:
        name: Name of the namespace.
        uid: Its UID.
        version: Its resource version.
        owner: What it belonged to, in words.
        kept: Why it is not removed unattended; empty: it may be.
    """

    name: str
    uid: str
    version: str
    owner: str
    kept: str = ""

    @property
    def command(self) -> str:
        """Removes it."""
        return f"kubectl delete namespace {self.name}"


@dataclass(frozen=True)
class Leaked:
    """The leaked namespaces of a server's cluster.

    Attributes:
        remaining: Those that remain.
        reclaimed: Those that were deleted.
    """

    remaining: tuple[Leak, ...] = ()
    reclaimed: tuple[Leak, ...] = ()


def leaks(
    namespaces: Iterable[Object], rancher: Listing, *, now: datetime, least_age: timedelta
) -> list[Leak]:
    """The namespaces that survived their cluster or project, by name.

    One that Kubernetes has been deleting for less than five minutes is not among them.

    Args:
        namespaces: All of the cluster that Rancher runs on.
        rancher: What Rancher had before, or after, they were listed.
        now: The time.
        least_age: A younger namespace is not removed unattended: its cluster may be in the making.
    """
    found = (_leak(item, rancher, now, least_age) for item in namespaces)
    return sorted((leak for leak in found if leak), key=lambda leak: leak.name)


def _leak(namespace: Object, rancher: Listing, now: datetime, least_age: timedelta) -> Leak | None:
    name, metadata = _name(namespace), _metadata(namespace)
    cluster = cluster_of(namespace)
    orphan = _OF_PROJECT.fullmatch(name) and _is_system(namespace)
    gone = cluster not in rancher.clusters if cluster else orphan and name not in rancher.projects
    if not gone or name in rancher.projects:
        return None
    deleted = metadata.get("deletionTimestamp")
    since = _time(deleted) if deleted else None
    if since and now - since < _DELETION:
        return None
    return Leak(
        name=name,
        uid=str(metadata.get("uid") or ""),
        version=str(metadata.get("resourceVersion") or ""),
        owner=f"cluster {cluster}" if cluster else f"project {name} of an unknown cluster",
        kept=_doubt(metadata, cluster, rancher, now - least_age),
    )


def _doubt(metadata: Object, cluster: str, rancher: Listing, youngest: datetime) -> str:
    made = _time(metadata.get("creationTimestamp"))
    if metadata.get("deletionTimestamp"):
        return "its deletion is blocked; the conditions in `kubectl get namespace -o yaml` name the cause"
    if not cluster:
        return "its name does not tell which cluster it belonged to"
    if cluster in rancher.referenced:
        return f"Fleet or the provisioning API still has {cluster}"
    if made is None or made > youngest:
        return "it is too young, or its age is unknown"
    if not metadata.get("uid") or not metadata.get("resourceVersion"):
        return "it has no UID"
    return ""


def cluster_of(namespace: Object) -> str:
    """Id of the cluster that a namespace provably belongs to; empty: of none."""
    name = _name(namespace)
    if found := _OF_FLEET.fullmatch(name):
        digest = hashlib.sha256(f"{found['workspace']}::{found['cluster']}".encode()).hexdigest()
        return found["cluster"] if digest.startswith(found["hash"]) else ""
    found = _OF_CLUSTER.fullmatch(name)
    return found["cluster"] if found and _is_system(namespace) else ""


def _is_system(namespace: Object) -> bool:
    return _mapping(_metadata(namespace), "annotations").get(SYSTEM) == "true"


def _metadata(item: Object) -> Object:
    return _mapping(item, "metadata")


def _name(item: Object) -> str:
    return str(_metadata(item).get("name") or "")


def _mapping(item: object, key: str) -> Object:
    value = item.get(key) if isinstance(item, Mapping) else None
    return value if isinstance(value, Mapping) else {}


def _time(text: object) -> datetime | None:
    try:
        return datetime.fromisoformat(str(text)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
