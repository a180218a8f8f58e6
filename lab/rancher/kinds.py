"""Rancher's objects as custom resources: their definitions, and which record becomes which object.

Names, namespaces and the fields below are those of rancher/rancher ``pkg/apis/management.cattle.io/v3`` and
``provisioning.cattle.io/v1``. What else the simulator knows of an object is in an annotation.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from lab.cluster.definitions import definition
from lab.rancher.state import LOCAL, Object, State

RECORD = "lab/record"
"""Annotation with the simulator's record of an object."""
_MANAGEMENT = ("management.cattle.io", "v3")
_PROVISIONING = ("provisioning.cattle.io", "v1")
_WORKSPACE = "fleet-default"


Fields = Callable[[Object], Object]
"""Makes the fields of an object, apart from its metadata, from its record."""


@dataclass(frozen=True)
class Kind:
    """A custom resource.

    Attributes:
        field: Field of ``State`` with its records.
        kind: Such as ``Project``.
        fields: Makes the object's fields.
        namespaced: Whether a record's id is ``namespace:name``, or ``namespace/name``.
        selects: Whether a record of the field is of this kind.
        namespace: Namespace of all its objects; empty: each id names its own.
        api: Group and version.
    """

    field: str
    kind: str
    fields: Fields
    namespaced: bool = False
    selects: Callable[[Object], bool] = lambda _record: True
    namespace: str = ""
    api: tuple[str, str] = _MANAGEMENT

    @property
    def plural(self) -> str:
        """Such as ``projects``."""
        return f"{self.kind.lower()}s"

    @property
    def name(self) -> str:
        """Such as ``projects.management.cattle.io``."""
        return f"{self.plural}.{self.api[0]}"

    @property
    def path(self) -> str:
        """Path of all its objects."""
        return f"/apis/{'/'.join(self.api)}/{self.plural}"

    def place(self, key: str) -> tuple[str, str]:
        """Path of the collection with the record of that id, and the object's name."""
        if not self.namespaced:
            return self.path, key
        separator = "/" if "/" in key else ":"
        namespace, _, name = (self.namespace, "", key) if self.namespace else key.partition(separator)
        return f"/apis/{'/'.join(self.api)}/namespaces/{namespace}/{self.plural}", name

    def manifest(self, name: str, record: Object, text: str) -> Object:
        """The object of a record; ``text`` is the record as JSON."""
        return {
            "apiVersion": "/".join(self.api),
            "kind": self.kind,
            "metadata": {"name": name, "annotations": {**(record.get("annotations") or {}), RECORD: text}},
            **self.fields(record),
        }

    @property
    def definition(self) -> Object:
        """Its CustomResourceDefinition. As Rancher's, it accepts any field."""
        return definition(self.api, self.kind, namespaced=self.namespaced)


def _copied(*names: str, **renamed: str) -> Fields:
    """Fields with the values of a record, which has them under the same name or another."""
    sources = {**dict(zip(names, names, strict=True)), **renamed}
    return lambda record: {name: record[source] for name, source in sources.items()}


def _binding(kind: str, prefix: str, role: str) -> Kind:
    """A kind of role binding; ``role`` is the field of its role, apart from its ending."""

    def fields(record: Object) -> Object:
        found = {
            f"{role}Name": record[f"{role}Id"],
            "userName": record["userId"],
            "groupPrincipalName": record["groupPrincipalId"],
            "clusterName": record.get("clusterId"),
            "projectName": record.get("projectId"),
        }
        return {name: value for name, value in found.items() if value}

    return Kind(
        "bindings",
        kind,
        fields,
        namespaced=prefix != "grb",
        selects=lambda record: bool(record["kind"] == prefix),
    )


SETTINGS = Kind("settings", "Setting", lambda record: {"value": record["value"], "source": "db"})
CLUSTERS = Kind(
    "clusters",
    "Cluster",
    lambda record: {"spec": {"displayName": record["name"], "internal": record["id"] == LOCAL}},
    selects=lambda record: record["removed"] is None,
)
PROJECTS = Kind(
    "projects",
    "Project",
    lambda record: {
        "spec": {"displayName": record["name"], "clusterName": record["clusterId"]},
        "status": {"backingNamespace": record["namespace"]},
    },
    namespaced=True,
)
_MIRRORS = Kind(
    "clusters",
    "Cluster",
    lambda _record: {"spec": {}},
    namespaced=True,
    selects=lambda record: record["id"] != LOCAL and record["removed"] is None,
    namespace=_WORKSPACE,
    api=_PROVISIONING,
)
"""Of imported clusters. Rancher works without one, so a quota on them stops no import (measured)."""

KINDS = (
    Kind("users", "User", _copied("username", "enabled", "mustChangePassword", displayName="name")),
    SETTINGS,
    CLUSTERS,
    PROJECTS,
    Kind(
        "registrations",
        "ClusterRegistrationToken",
        lambda record: {"spec": {"clusterName": record["clusterId"]}},
        namespaced=True,
    ),
    _binding("GlobalRoleBinding", "grb", "globalRole"),
    _binding("ClusterRoleTemplateBinding", "crtb", "roleTemplate"),
    _binding("ProjectRoleTemplateBinding", "prtb", "roleTemplate"),
    Kind("tokens", "Token", _copied("userId", "ttl", "enabled", "description", token="digest")),  # noqa: S106
    Kind("global_roles", "GlobalRole", _copied("builtin", "newUserDefault", "rules", displayName="name")),
    Kind(
        "role_templates", "RoleTemplate", _copied("builtin", "context", "locked", "rules", displayName="name")
    ),
    Kind("preferences", "Preference", _copied("value"), namespaced=True),
    _MIRRORS,
)
"""Every kind, in the order in which objects are created."""


def records(state: State) -> Iterator[tuple[Kind, str, Object]]:
    """Every record, with its kind and its id."""
    for kind in KINDS:
        for key, record in list(getattr(state, kind.field).items()):
            if kind.selects(record):
                yield kind, key, record
