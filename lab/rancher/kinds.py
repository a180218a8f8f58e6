"""Rancher's objects as custom resources: their definitions, and which record becomes which object.

Names, namespaces and the fields below are those of rancher/rancher ``pkg/apis/management.cattle.io/v3`` and
``provisioning.cattle.io/v1``. What else the simulator knows of an object is in an annotation.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from lab.rancher.state import LOCAL, Object, State

RECORD = "lab/record"
"""Annotation with the simulator's record of an object."""
_MANAGEMENT = ("management.cattle.io", "v3")
_PROVISIONING = ("provisioning.cattle.io", "v1")
_WORKSPACE = "fleet-default"


@dataclass(frozen=True, kw_only=True)
class Kind:
    """A custom resource.

    Attributes:
        field: Field of ``State`` with its records.
        kind: Such as ``Project``.
        namespaced: Whether a record's id is ``namespace:name``, or ``namespace/name``.
        fields: The object's fields apart from its metadata.
        selects: Whether a record of the field is of this kind.
        namespace: Namespace of all its objects; empty: each id names its own.
        api: Group and version.
    """

    field: str
    kind: str
    namespaced: bool
    fields: Callable[[Object], Object]
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
        schema = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
        version = {
            "name": self.api[1],
            "served": True,
            "storage": True,
            "schema": {"openAPIV3Schema": schema},
        }
        names = {
            "kind": self.kind,
            "listKind": f"{self.kind}List",
            "plural": self.plural,
            "singular": self.kind.lower(),
        }
        return {
            "apiVersion": "apiextensions.k8s.io/v1",
            "kind": "CustomResourceDefinition",
            "metadata": {"name": self.name},
            "spec": {
                "group": self.api[0],
                "names": names,
                "scope": "Namespaced" if self.namespaced else "Cluster",
                "versions": [version],
            },
        }


def _binding(role: str, api_role: str) -> Callable[[Object], Object]:
    def fields(record: Object) -> Object:
        found = {
            api_role: record[role],
            "userName": record["userId"],
            "groupPrincipalName": record["groupPrincipalId"],
            "clusterName": record.get("clusterId"),
            "projectName": record.get("projectId"),
        }
        return {name: value for name, value in found.items() if value}

    return fields


def _is(prefix: str) -> Callable[[Object], bool]:
    return lambda record: bool(record["kind"] == prefix)


SETTINGS = Kind(
    field="settings",
    kind="Setting",
    namespaced=False,
    fields=lambda record: {"value": record["value"], "source": "db"},
)
CLUSTERS = Kind(
    field="clusters",
    kind="Cluster",
    namespaced=False,
    fields=lambda record: {
        "spec": {"displayName": record["name"], "internal": record["id"] == LOCAL},
    },
    selects=lambda record: record["removed"] is None,
)
PROJECTS = Kind(
    field="projects",
    kind="Project",
    namespaced=True,
    fields=lambda record: {"spec": {"displayName": record["name"], "clusterName": record["clusterId"]}},
)
_MIRRORS = Kind(
    field="clusters",
    kind="Cluster",
    namespaced=True,
    fields=lambda _record: {"spec": {}},
    selects=lambda record: record["id"] != LOCAL and record["removed"] is None,
    namespace=_WORKSPACE,
    api=_PROVISIONING,
)
"""Of imported clusters. Rancher works without one, so a quota on them stops no import (measured)."""

KINDS = (
    Kind(
        field="users",
        kind="User",
        namespaced=False,
        fields=lambda record: {
            "username": record["username"],
            "displayName": record["name"],
            "enabled": record["enabled"],
            "mustChangePassword": record["mustChangePassword"],
        },
    ),
    SETTINGS,
    CLUSTERS,
    PROJECTS,
    Kind(
        field="registrations",
        kind="ClusterRegistrationToken",
        namespaced=True,
        fields=lambda record: {"spec": {"clusterName": record["clusterId"]}},
    ),
    *(
        Kind(
            field="bindings",
            kind=kind,
            namespaced=kind != "GlobalRoleBinding",
            fields=_binding(role, api_role),
            selects=_is(prefix),
        )
        for kind, prefix, role, api_role in (
            ("GlobalRoleBinding", "grb", "globalRoleId", "globalRoleName"),
            ("ClusterRoleTemplateBinding", "crtb", "roleTemplateId", "roleTemplateName"),
            ("ProjectRoleTemplateBinding", "prtb", "roleTemplateId", "roleTemplateName"),
        )
    ),
    Kind(
        field="tokens",
        kind="Token",
        namespaced=False,
        fields=lambda record: {
            "token": record["digest"],
            "userId": record["userId"],
            "ttl": record["ttl"],
            "enabled": record["enabled"],
            "description": record["description"],
        },
    ),
    Kind(
        field="global_roles",
        kind="GlobalRole",
        namespaced=False,
        fields=lambda record: {
            "displayName": record["name"],
            "builtin": record["builtin"],
            "newUserDefault": record["newUserDefault"],
            "rules": record["rules"],
        },
    ),
    Kind(
        field="role_templates",
        kind="RoleTemplate",
        namespaced=False,
        fields=lambda record: {
            "displayName": record["name"],
            "builtin": record["builtin"],
            "context": record["context"],
            "locked": record["locked"],
            "rules": record["rules"],
        },
    ),
    Kind(
        field="preferences",
        kind="Preference",
        namespaced=True,
        fields=lambda record: {"value": record["value"]},
    ),
    _MIRRORS,
)
"""Every kind, in the order in which objects are created."""


def records(state: State) -> Iterator[tuple[Kind, str, Object]]:
    """Every record, with its kind and its id."""
    for kind in KINDS:
        for key, record in list(getattr(state, kind.field).items()):
            if kind.selects(record):
                yield kind, key, record
