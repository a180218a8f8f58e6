"""Local users and their passwords: ``/v3/users``."""

from __future__ import annotations

from collections.abc import Iterator

from aiohttp import web

from lab.rancher import identity, preferences, roles
from lab.rancher.answers import answer, condition, links, shown
from lab.rancher.context import Call, Context, RefusalError, invalid
from lab.rancher.resource import Resource
from lab.rancher.state import Object

FIRST_PASSWORD = "admin"  # noqa: S105  hard-coded in Rancher before 2.6
_BOOTSTRAPPING = "authz.management.cattle.io/bootstrapping"


def make_administrator(context: Context, password: str, *, generated: bool = False) -> None:
    """Creates the first user. A flag says that the first password must be changed.

    The flag is set for a generated password and for ``admin``, but not for a configured one.
    """
    user = _new(context, "user", "admin", "Default Admin", password)
    user["bootstrapping"] = True
    user["mustChangePassword"] = generated or password == FIRST_PASSWORD


def is_administrator(context: Context, user: Object) -> bool:
    """Whether the user is an administrator: the first user, or any user with that global role."""
    return bool(user.get("bootstrapping")) or any(
        binding.get("globalRoleId") == "admin" and binding.get("userId") == user["id"]
        for binding in context.state.bindings.values()
    )


def may_create_clusters(call: Call) -> bool:
    """Whether a global role of the user allows it; ``user``, the default role of people, does."""
    names = [
        str(item.get("globalRoleId"))
        for item in call.state.bindings.values()
        if item.get("userId") == call.user["id"]
    ]
    return roles.allows(call.state.global_roles, names, "clusters")


def may_create_projects(call: Call) -> bool:
    """Whether a role of the user in the new project's cluster allows it, or the user has created it."""
    cluster_id = call.text("clusterId")
    cluster = call.state.clusters.get(cluster_id) or {}
    names = [
        str(item.get("roleTemplateId"))
        for item in call.state.bindings.values()
        if item.get("clusterId") == cluster_id and item.get("userId") == call.user["id"]
    ]
    return cluster.get("creatorId") == call.user["id"] or roles.allows(
        call.state.role_templates, names, "projects"
    )


def _new(context: Context, prefix: str, username: str, name: str, password: str) -> Object:
    return context.record(
        context.state.users,
        identity.name(prefix),
        username=username,
        name=name,
        description="",
        password=identity.hashed(password),
        enabled=True,
        mustChangePassword=False,
        creatorId=None,
    )


def _shown(call: Call, user: Object) -> Object:
    name = user["id"]
    url = f"{call.base}/v3/users/{name}"
    labels = {"cattle.io/creator": "norman"} if user["creatorId"] else {_BOOTSTRAPPING: "admin-user"}
    if "lastLogin" in user and not user["creatorId"]:
        labels["cattle.io/last-login"] = str(user["lastLogin"])
    bindings = ("clusterRoleTemplateBindings", "globalRoleBindings", "projectRoleTemplateBindings", "tokens")
    populated = condition("InitialRolesPopulated", "True", user["created"])
    own = {key: user[key] for key in ("description", "enabled", "mustChangePassword", "username")}
    own |= {
        "actions": {
            action: f"{url}?action={action}" for action in ("refreshauthprovideraccess", "setpassword")
        },
        "annotations": {"lifecycle.cattle.io/create.mgmt-auth-users-controller": "true"},
        "conditions": [populated] if user["creatorId"] else None,
        "labels": labels,
        "links": {
            **{link: f"{call.base}/v3/{link}?userId={name}" for link in bindings},
            **links(call, "user", name),
        },
        "me": user is call.user,
        "principalIds": [f"local://{name}"],
    }
    return shown(call, "user", user, **own)


def _all(call: Call) -> Iterator[Object]:
    for user in call.state.users.values():
        if user is call.user or is_administrator(call.context, call.user):
            yield _shown(call, user)


def _check(call: Call, username: str, current: str, new: str) -> None:
    """Checks a new password, in Rancher's order of rules."""
    if not call.context.release.checks_passwords:
        return
    shortest = int(call.context.setting("password-min-length"))
    if len(new) < shortest:
        raise invalid(f"Password must be at least {shortest} characters")
    if new == username:
        raise invalid("Password cannot be the same as username")
    if new == current:
        raise invalid("The new password must not be the same as the current password")


def _change_password(call: Call, _: str) -> web.Response:
    current, new = call.text("currentPassword"), call.text("newPassword")
    if not current:
        raise invalid("must specify current password")
    if not new:
        raise invalid("invalid new password")
    _check(call, call.user["username"], current, new)
    if not identity.matches(current, call.user["password"]):
        raise invalid("invalid current password")
    _keep_password(call, call.user, new)
    return web.Response()


def _set_password(call: Call, name: str) -> web.Response:
    user = call.state.users[name]
    new = call.text("newPassword")
    if not new:
        raise RefusalError(500, "ServerError", "Invalid password")
    _check(call, user["username"], "", new)
    _keep_password(call, user, new)
    return answer(_shown(call, user))


def _keep_password(call: Call, user: Object, new: str) -> None:
    """Stores the password; sessions remain valid. Any user action records that the first login is over."""
    user["password"] = identity.hashed(new)
    user["mustChangePassword"] = False
    call.state.settings["first-login"] = {"value": "false", "changed": call.now, "previous": ""}
    call.context.commit()


def _create(call: Call) -> Object:
    username, password = call.required("username", "password")
    if any(user["username"] == username for user in call.state.users.values()):
        raise RefusalError(422, "NotUnique", "Username is already in use.", "username")
    _check(call, username, "", password)
    user = _new(call.context, "u", username, call.text("name"), password)
    user["description"] = call.text("description")
    user["enabled"] = call.body.get("enabled", True) is True
    user["mustChangePassword"] = call.body.get("mustChangePassword") is True
    user["creatorId"] = call.user["id"]
    return _shown(call, user)


def _update(call: Call, name: str) -> Object:
    user = call.state.users[name]
    for field_name in ("name", "description"):
        if field_name in call.body:
            user[field_name] = call.text(field_name)
    if isinstance(call.body.get("enabled"), bool):
        user["enabled"] = call.body["enabled"]
    return _shown(call, user)


def _delete(call: Call, name: str) -> Object:
    if name == call.user["id"]:
        raise RefusalError(422, "InvalidAction", "You cannot delete yourself")
    user = call.state.users.pop(name)
    before = _shown(call, user)
    for kept in (call.state.tokens, call.state.bindings):
        for key in [key for key, item in kept.items() if item.get("userId") == name]:
            del kept[key]
    preferences.forget(call.context, name)
    return before


RESOURCE = Resource(
    singular="user",
    all=_all,
    create=_create,
    update=_update,
    delete=_delete,
    actions={"setpassword": _set_password},
    collection_actions={"changepassword": _change_password},
    shown_actions=("changepassword", "refreshauthprovideraccess"),
    filters=("me", "username", "name", "id", "enabled"),
)
