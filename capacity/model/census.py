"""What a live Rancher has stored in its own cluster, beside what the model expects of it.

The objects come from an API server that may answer anything: names that Kubernetes would not accept are not
counted and never shown.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from domain import rancher_growth as growth
from domain.rancher_growth import Counts
from domain.rancher_namespaces import NO_RANCHER, Namespaces, namespaces_of
from domain.versions import Version

LOCAL = "local"
OWN = frozenset(
    {"default", "kube-node-lease", "kube-public", "kube-system", "pks-infrastructure", "pks-system"}
)
"""Namespaces of every cluster of PKS (docs-pks ``vsphere-nsxt-cluster-objects``)."""
_NAME = re.compile(r"[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?")
_FLEET = "cluster-fleet-default-"
_RANCHERS = re.compile(r"local|(cattle|fleet|cluster-fleet-local|rancher)-.*")
_OF_CLUSTER = re.compile(rf"({_FLEET})?c-(m-)?[a-z0-9]{{5,8}}(-.*)?")
"""Before Rancher 2.9.12 those of projects are called ``p-xxxxx``, without the cluster's id."""
_LOCAL_PROJECTS = ("p-default", "p-system")
"""How the table calls the namespaces of the projects of ``local``, whose names are random."""
_SYSTEM_USER = "system://"

Objects = Iterable[Mapping[str, Any]]
"""Objects of one kind, as an API server lists them."""


@dataclass(frozen=True, kw_only=True)
class Stored:
    """What the API server has counted.

    Attributes:
        role_bindings: Objects of the kind RoleBinding.
        cluster_role_bindings: Objects of the kind ClusterRoleBinding.
        keys: Objects of all kinds: each is one key in etcd.
        etcd_bytes: Size of etcd's file; None: the API server does not say.
    """

    role_bindings: int
    cluster_role_bindings: int
    keys: int
    etcd_bytes: int | None = None


@dataclass(frozen=True, kw_only=True)
class Census:
    """What a Rancher has.

    Attributes:
        version: Its version.
        fixed: Namespaces of Rancher itself, by the names of the table.
        registered: Namespaces of its imported clusters without those of Fleet and of further projects.
        connected: Namespaces of Fleet for imported clusters, one for each whose agent has connected.
        users: Namespaces of users.
        applications: Namespaces that are neither the cluster's, nor Rancher's.
        leaked: Namespaces that look like those of an imported cluster, which Rancher does not have.
        namespaces: All of them.
        counts: Clusters, projects, users and memberships.
        stored: What the API server has counted.
    """

    version: Version
    fixed: tuple[str, ...]
    registered: int
    connected: int
    users: int
    applications: tuple[str, ...]
    leaked: tuple[str, ...]
    namespaces: int
    counts: Counts
    stored: Stored

    @property
    def known(self) -> Namespaces:
        """The table's line for the version; empty when it has none."""
        try:
            return namespaces_of(self.version)
        except ValueError:
            return NO_RANCHER

    @property
    def documented_role_bindings(self) -> int:
        """The least number of role bindings as SUSE documents it, those in the imported clusters included."""
        clusters = self.counts.clusters + 1
        projects = self.counts.projects + len(_LOCAL_PROJECTS) * clusters
        return growth.documented_minimum(
            clusters=clusters,
            users=self.counts.users + 1,
            cluster_members=round(self.counts.cluster_members / clusters),
            projects=projects,
            project_members=round(self.counts.project_members / projects),
        )

    @property
    def row(self) -> str:
        """The line of the table in ``domain/rancher_namespaces.py``.

        Raises:
            ValueError: There is no imported cluster, of which a line needs the cost.
        """
        clusters = self.counts.clusters
        if not clusters:
            raise ValueError("no cluster is imported. Import one to measure what it costs")
        names = ", ".join(f'"{name}"' for name in self.fixed)
        version = self.version
        return (
            "    Namespaces(\n"
            f"        since=Version({version.major}, {version.minor}, {version.patch}),\n"
            f"        names=({names},),\n"
            f"        registered={round(self.registered / clusters)},\n"
            f"        connected={int(self.connected > 0)},\n"
            f'        evidence="measured on v{version.major}.{version.minor}.{version.patch} with {clusters} '
            'imported clusters",\n'
            "    ),"
        )


def census(
    version: Version,
    *,
    namespaces: Objects,
    clusters: Objects,
    projects: Objects,
    users: Objects,
    cluster_members: Objects,
    project_members: Objects,
    stored: Stored,
) -> Census:
    """The census of the objects of each kind, and of what the API server has counted."""
    existing = _names(namespaces)
    imported = _names(clusters) - {LOCAL}
    backing = {_backing(project): _cluster(project) for project in projects}
    of_local = {name for name, cluster in backing.items() if cluster == LOCAL and name in existing}
    people = {_name(user) for user in users if not _is_system(user)} - {""}
    registered = existing & (imported | backing.keys() - of_local)
    connected = {name for name in existing if _fleet_cluster(name) in imported}
    rest = existing - OWN - of_local - people - registered - connected
    leaked = {name for name in rest if _OF_CLUSTER.fullmatch(name)}
    ranchers = {name for name in rest - leaked if _RANCHERS.fullmatch(name)}
    further = max(len(backing) - len(_LOCAL_PROJECTS) * (len(imported) + 1), 0)
    further_of_local = max(len(of_local) - len(_LOCAL_PROJECTS), 0)
    return Census(
        version=version,
        fixed=tuple(sorted(ranchers)) + _LOCAL_PROJECTS[: len(of_local)],
        registered=len(registered) - (further - further_of_local),
        connected=len(connected),
        users=len(existing & people),
        applications=tuple(sorted(rest - leaked - ranchers)),
        leaked=tuple(sorted(leaked)),
        namespaces=len(existing),
        counts=Counts(
            clusters=len(imported),
            projects=further,
            users=max(len(people) - 1, 0),
            cluster_members=_given(cluster_members),
            project_members=_given(project_members),
        ),
        stored=stored,
    )


def _name(item: Mapping[str, Any]) -> str:
    """The object's name; empty when it cannot be one."""
    metadata = item.get("metadata")
    name = metadata.get("name") if isinstance(metadata, Mapping) else None
    return name if isinstance(name, str) and _NAME.fullmatch(name) else ""


def _names(items: Objects) -> set[str]:
    return {_name(item) for item in items} - {""}


def _field(item: Mapping[str, Any], part: str, field: str) -> str:
    found = item.get(part)
    value = found.get(field) if isinstance(found, Mapping) else None
    return value if isinstance(value, str) else ""


def _backing(project: Mapping[str, Any]) -> str:
    """The namespace of a project: from 2.9.12 its status names it."""
    return _field(project, "status", "backingNamespace") or _name(project)


def _cluster(project: Mapping[str, Any]) -> str:
    return _field(project, "spec", "clusterName")


def _fleet_cluster(name: str) -> str:
    """``c-abcde`` of ``cluster-fleet-default-c-abcde-0123456789ab``; empty for other names."""
    return name.removeprefix(_FLEET).rpartition("-")[0] if name.startswith(_FLEET) else ""


def _is_system(user: Mapping[str, Any]) -> bool:
    """Whether Rancher made the user for itself."""
    principals = user.get("principalIds")
    return isinstance(principals, list) and any(str(item).startswith(_SYSTEM_USER) for item in principals)


def _given(bindings: Objects) -> int:
    """Memberships besides those of whoever created the cluster or project."""
    return sum(not _name(item).startswith("creator-") for item in bindings)
