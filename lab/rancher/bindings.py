"""Role bindings, global and of clusters and projects: ``/v3/globalrolebindings`` and others."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from lab.rancher import identity, roles, sprawl
from lab.rancher.answers import shown
from lab.rancher.context import Call, not_found
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
    def references(self) -> tuple[str, ...]:
        """Fields of the role and of the scope."""
        return (self.role, self.scope) if self.scope else (self.role,)

    def resource(self) -> Resource:
        """The API of this kind."""
        return Resource(
            singular=self.singular,
            all=self._all,
            create=self._create,
            delete=self._delete,
            filters=("userId", "id", *self.references),
        )

    def _shown(self, call: Call, item: Object) -> Object:
        inner = {key: value for key, value in item.items() if key not in {"kind", "created"}}
        return {**shown(call, self.singular, item, name=item["id"].rpartition(":")[2]), **inner}

    def _all(self, call: Call) -> Iterator[Object]:
        for item in call.state.bindings.values():
            if item["kind"] == self.prefix:
                yield self._shown(call, item)

    def _create(self, call: Call) -> Object:
        call.required(*self.references)
        roles.check_assignable(call.state, call.text(self.role))
        named = call.context.release.webhook_names_bindings and self.scope
        name = identity.name(self.prefix, 10 if named else 5)
        subjects = ["userId", "userPrincipalId", "groupPrincipalId", *(["groupId"] if self.scope else [])]
        item = call.context.record(
            call.state.bindings,
            f"{self._namespace(call)}{name}",
            kind=self.prefix,
            creatorId=call.user["id"],
            **{field_name: call.body.get(field_name) for field_name in subjects},
            **{field_name: call.text(field_name) for field_name in self.references},
            **({"namespaceId": None} if self.scope else {}),
        )
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
        return self._shown(call, call.state.bindings.pop(name))


RESOURCES: tuple[Resource, ...] = tuple(
    kind.resource()
    for kind in (
        _Kind("globalRoleBinding", "grb", "globalRoleId"),
        _Kind("clusterRoleTemplateBinding", "crtb", "roleTemplateId", "clusterId"),
        _Kind("projectRoleTemplateBinding", "prtb", "roleTemplateId", "projectId"),
    )
)
