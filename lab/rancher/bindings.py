"""Role bindings, global and of clusters and projects: ``/v3/globalrolebindings`` and others."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import dataclass

from lab.rancher import identity, roles, sprawl
from lab.rancher.answers import created, links
from lab.rancher.context import Call, missing, not_found
from lab.rancher.resource import Resource
from lab.rancher.state import Object


@dataclass(frozen=True)
class _Kind:
    """One of the three kinds of role bindings."""

    singular: str
    prefix: str
    role: str
    """Field of the role."""
    scope: str = ""
    """Field of the binding's scope; empty for global bindings."""

    @property
    def plural(self) -> str:
        return f"{self.singular}s"

    def resource(self) -> Resource:
        """The API of this kind."""
        return Resource(
            singular=self.singular,
            plural=self.plural,
            all=self._all,
            create=self._create,
            delete=self._delete,
            filters=("userId", "id", self.role, *([self.scope] if self.scope else [])),
        )

    def _shown(self, call: Call, item: Object) -> Object:
        inner = {key: value for key, value in item.items() if key not in {"kind", "created"}}
        return {
            **inner,
            "type": self.singular,
            "baseType": self.singular,
            "name": item["id"].rpartition(":")[2],
            **created(item["created"]),
            "annotations": {},
            "labels": {"cattle.io/creator": "norman"},
            "links": links(call, self.plural, item["id"]),
        }

    def _all(self, call: Call) -> Iterator[Object]:
        for item in call.state.bindings.values():
            if item["kind"] == self.prefix:
                yield self._shown(call, item)

    def _create(self, call: Call) -> Object:
        for field_name in (self.role, *([self.scope] if self.scope else [])):
            if not call.text(field_name):
                raise missing(field_name)
        roles.check_assignable(call.state, call.text(self.role))
        named = call.context.release.webhook_names_bindings and self.scope
        name = identity.name(self.prefix, 10 if named else 5)
        item = {
            "id": f"{self._namespace(call)}{name}",
            "kind": self.prefix,
            "uuid": str(uuid.uuid4()),
            "created": call.now,
            "creatorId": call.user["id"],
            "groupPrincipalId": call.body.get("groupPrincipalId"),
            "userId": call.body.get("userId"),
            "userPrincipalId": call.body.get("userPrincipalId"),
            self.role: call.text(self.role),
        }
        if self.scope:
            item |= {
                "groupId": call.body.get("groupId"),
                "namespaceId": None,
                self.scope: call.text(self.scope),
            }
        call.state.bindings[item["id"]] = item
        call.context.commit()
        return self._shown(call, item)

    def _namespace(self, call: Call) -> str:
        """Returns the prefix of a binding's name: its cluster or project."""
        if not self.scope:
            return ""
        cluster_id, _, project = call.text(self.scope).partition(":")
        if not sprawl.has_namespaces(call.context, cluster_id):
            raise not_found("namespaces", cluster_id)
        if not project:
            return f"{cluster_id}:"
        item = call.state.projects.get(call.text(self.scope))
        if item is None:
            raise not_found("namespaces", project)
        if not call.context.release.webhook_names_bindings:
            return f"{project}:"
        if call.now < item["created"] + sprawl.PROJECT_NAMESPACE_SECONDS:
            raise not_found("namespaces", item["namespace"])
        return f"{item['namespace']}:"

    def _delete(self, call: Call, name: str) -> Object:
        item = call.state.bindings.pop(name)
        call.context.commit()
        return self._shown(call, item)


RESOURCES: tuple[Resource, ...] = tuple(
    kind.resource()
    for kind in (
        _Kind("globalRoleBinding", "grb", "globalRoleId"),
        _Kind("clusterRoleTemplateBinding", "crtb", "roleTemplateId", "clusterId"),
        _Kind("projectRoleTemplateBinding", "prtb", "roleTemplateId", "projectId"),
    )
)
