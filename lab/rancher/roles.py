"""Global roles and role templates: ``/v3/globalroles``, ``/v3/roletemplates``.

Those that concern clusters and projects, with their rules about these, as in rancher's ``role_data.go``.
That a locked template cannot be assigned is from ``customization/roletemplatebinding``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from lab.rancher import identity
from lab.rancher.answers import created, links
from lab.rancher.context import Call, Context, RefusalError, missing
from lab.rancher.resource import Resource
from lab.rancher.state import Object, State

_MANAGEMENT = "management.cattle.io"


def _rule(resource: str, *verbs: str, group: str = _MANAGEMENT) -> Object:
    return {"apiGroups": [group], "resources": [resource], "verbs": list(verbs)}


_ANYTHING = _rule("*", "*", group="*")
_READ = ("get", "list", "watch")
_GLOBAL: Mapping[str, tuple[str, list[Object]]] = {
    "admin": ("Admin", [_ANYTHING]),
    "user": (
        "User",
        [
            _rule("clusters", "create"),
            _rule("clusters", "create", group="provisioning.cattle.io"),
            _rule("fleetworkspaces", "create"),
            _rule("preferences", "*"),
        ],
    ),
    "user-base": ("User Base", [_rule("preferences", "*")]),
    "clusters-create": ("Create new Clusters", [_rule("clusters", "create")]),
}
_TEMPLATES: Mapping[str, tuple[str, str, list[Object]]] = {
    "cluster-owner": ("Cluster Owner", "cluster", [_ANYTHING]),
    "cluster-member": (
        "Cluster Member",
        "cluster",
        [
            _rule("clusterroletemplatebindings", *_READ),
            _rule("projects", "create"),
            _rule("nodes", *_READ),
            _rule("nodes", *_READ, group=""),
            _rule("storageclasses", *_READ, group="storage.k8s.io"),
        ],
    ),
    "projects-create": ("Create Projects", "cluster", [_rule("projects", "create")]),
    "projects-view": ("View All Projects", "cluster", [_rule("projects", *_READ)]),
    "project-owner": ("Project Owner", "project", [_rule("projectroletemplatebindings", "*")]),
    "project-member": ("Project Member", "project", []),
    "read-only": ("Read-only", "project", []),
}


def make_builtin(context: Context) -> None:
    """Creates the built-in roles; role ``user`` is the default of new users."""
    for name, (title, rules) in _GLOBAL.items():
        context.state.global_roles[name] = {
            **_new(context, name, title, rules, builtin=True),
            "newUserDefault": name == "user",
        }
    for name, (title, scope, rules) in _TEMPLATES.items():
        context.state.role_templates[name] = {
            **_new(context, name, title, rules, builtin=True),
            **_template({"context": scope}),
        }


def _new(context: Context, name: str, title: str, rules: list[Object], *, builtin: bool = False) -> Object:
    return {
        "id": name,
        "name": title,
        "builtin": builtin,
        "created": context.clock(),
        "description": "",
        "rules": rules,
    }


def _template(body: Mapping[str, Any]) -> Object:
    return {
        "context": str(body.get("context") or ""),
        "locked": body.get("locked") is True,
        "roleTemplateIds": list(body.get("roleTemplateIds") or []),
        "hidden": False,
        "external": False,
        "administrative": False,
    }


def check_assignable(state: State, template: str) -> None:
    """Refuses the binding of a locked role template."""
    if state.role_templates.get(template, {}).get("locked"):
        raise RefusalError(422, "InvalidState", "Role is locked and cannot be assigned")


def allows(known: Mapping[str, Object], names: Iterable[str], resource: str) -> bool:
    """Whether one of the roles allows the creation of a resource."""
    return any(
        {"*", "create"} & set(rule["verbs"])
        and {"*", resource} & set(rule["resources"])
        and {"*", _MANAGEMENT} & set(rule["apiGroups"])
        for name in names
        for rule in known.get(name, {}).get("rules", ())
    )


def _shown(call: Call, plural: str, singular: str, role: Object) -> Object:
    verbs = ("self", "update") if role["builtin"] else ("remove", "self", "update")
    return {
        **role,
        "type": singular,
        "baseType": singular,
        **created(role["created"]),
        "annotations": {},
        "labels": {"cattle.io/creator": "norman"},
        "links": links(call, plural, role["id"], verbs),
    }


def _global(call: Call) -> Iterator[Object]:
    for role in call.state.global_roles.values():
        yield _shown(call, "globalRoles", "globalRole", role)


def _templates(call: Call) -> Iterator[Object]:
    for role in call.state.role_templates.values():
        yield _shown(call, "roleTemplates", "roleTemplate", role)


def _update_global(call: Call, name: str) -> Object:
    """Changes a role; of a built-in one the default for new users alone."""
    role = call.state.global_roles[name]
    if isinstance(call.body.get("newUserDefault"), bool):
        role["newUserDefault"] = call.body["newUserDefault"]
    call.context.commit()
    return _shown(call, "globalRoles", "globalRole", role)


def _create_template(call: Call) -> Object:
    title, scope = call.text("name"), call.text("context")
    for field_name, value in (("name", title), ("context", scope)):
        if not value:
            raise missing(field_name)
    name = identity.name("rt")
    role = {**_new(call.context, name, title, []), **_template({"context": scope})}
    call.state.role_templates[name] = role
    return _changed_template(call, role)


def _update_template(call: Call, name: str) -> Object:
    return _changed_template(call, call.state.role_templates[name])


def _changed_template(call: Call, role: Object) -> Object:
    """Changes a template; of a built-in one only whether it is locked."""
    if isinstance(call.body.get("locked"), bool):
        role["locked"] = call.body["locked"]
    if not role["builtin"]:
        role |= {key: call.body[key] for key in ("rules", "roleTemplateIds") if call.body.get(key)}
        role |= {key: call.text(key) for key in ("name", "description") if call.text(key)}
    call.context.commit()
    return _shown(call, "roleTemplates", "roleTemplate", role)


def _delete_template(call: Call, name: str) -> Object:
    if call.state.role_templates[name]["builtin"]:
        raise RefusalError(405, "MethodNotAllow", "Builtin roles cannot be deleted")
    role = call.state.role_templates.pop(name)
    call.context.commit()
    return _shown(call, "roleTemplates", "roleTemplate", role)


RESOURCES = (
    Resource(
        singular="globalRole",
        plural="globalRoles",
        all=_global,
        update=_update_global,
        filters=("name", "id", "newUserDefault"),
    ),
    Resource(
        singular="roleTemplate",
        plural="roleTemplates",
        all=_templates,
        create=_create_template,
        update=_update_template,
        delete=_delete_template,
        filters=("name", "id", "context", "locked"),
    ),
)
