"""Global roles and role templates: ``/v3/globalroles``, ``/v3/roletemplates``.

Those that concern clusters and projects, with their rules about these, as in rancher's ``role_data.go``.
That a locked template cannot be assigned is from ``customization/roletemplatebinding``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from lab.rancher import identity
from lab.rancher.answers import links, shown
from lab.rancher.context import Call, Context, RefusalError
from lab.rancher.resource import Resource
from lab.rancher.state import Object, Objects, State

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
        own = {"builtin": True, "rules": rules, "newUserDefault": name == "user"}
        context.record(context.state.global_roles, name, name=title, description="", **own)
    for name, (title, scope, rules) in _TEMPLATES.items():
        _new_template(context, name, title, scope, builtin=True, rules=rules)


def _new_template(context: Context, name: str, title: str, scope: str, **own: Any) -> Object:
    fields = {"builtin": False, "rules": [], "locked": False, "roleTemplateIds": [], **own}
    fields |= dict.fromkeys(("hidden", "external", "administrative"), False)
    return context.record(
        context.state.role_templates, name, name=title, description="", context=scope, **fields
    )


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


def _shown(call: Call, role: Object) -> Object:
    kind = "roleTemplate" if "roleTemplateIds" in role else "globalRole"
    verbs = ("self", "update") if role["builtin"] else ("remove", "self", "update")
    own = {key: value for key, value in role.items() if key != "created"}
    own |= {"labels": {"cattle.io/creator": "norman"}, "links": links(call, kind, role["id"], verbs)}
    return shown(call, kind, role, **own)


def _all(call: Call, roles: Objects) -> Iterator[Object]:
    return (_shown(call, role) for role in roles.values())


def _update_global(call: Call, name: str) -> Object:
    """Changes a role; of a built-in one the default for new users alone."""
    role = call.state.global_roles[name]
    if isinstance(call.body.get("newUserDefault"), bool):
        role["newUserDefault"] = call.body["newUserDefault"]
    return _shown(call, role)


def _create_template(call: Call) -> Object:
    title, scope = call.required("name", "context")
    return _changed_template(call, _new_template(call.context, identity.name("rt"), title, scope))


def _update_template(call: Call, name: str) -> Object:
    return _changed_template(call, call.state.role_templates[name])


def _changed_template(call: Call, role: Object) -> Object:
    """Changes a template; of a built-in one only whether it is locked."""
    if isinstance(call.body.get("locked"), bool):
        role["locked"] = call.body["locked"]
    if not role["builtin"]:
        role |= {key: call.body[key] for key in ("rules", "roleTemplateIds") if call.body.get(key)}
        role |= {key: call.text(key) for key in ("name", "description") if call.text(key)}
    return _shown(call, role)


def _delete_template(call: Call, name: str) -> Object:
    if call.state.role_templates[name]["builtin"]:
        raise RefusalError(405, "MethodNotAllow", "Builtin roles cannot be deleted")
    return _shown(call, call.state.role_templates.pop(name))


RESOURCES = (
    Resource(
        singular="globalRole",
        all=lambda call: _all(call, call.state.global_roles),
        update=_update_global,
        filters=("name", "id", "newUserDefault"),
    ),
    Resource(
        singular="roleTemplate",
        all=lambda call: _all(call, call.state.role_templates),
        create=_create_template,
        update=_update_template,
        delete=_delete_template,
        filters=("name", "id", "context", "locked"),
    ),
)
