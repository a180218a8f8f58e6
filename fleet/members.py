"""Projects of a site's cluster, and the roles of its members."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from components.rancher.api import Json, RancherError
from components.runtime.errors import ProviderError
from components.runtime.waiting import QUICK, wait
from fleet.session import Session

_CLUSTER = "clusterroletemplatebindings"
_PROJECT = "projectroletemplatebindings"
_NAMESPACE_SECONDS = 60.0


def reconcile(session: Session, cluster_id: str, wanted: Mapping[str, Any], known: Mapping[str, Any]) -> Json:
    """Creates the projects and bindings of ``wanted``, and deletes those that only ``known`` has. Idempotent.

    Args:
        session: The login.
        cluster_id: The site's cluster.
        wanted: ``members`` and ``projects`` of the site.
        known: What an earlier call returned, or nothing.

    Returns:
        ``project_ids`` by name, and ``binding_ids`` by project, user and role.

    Raises:
        ProviderError: A user does not exist.
        RancherError: Rancher refused, or does not answer.
    """
    projects = dict(known.get("project_ids") or {})
    bindings = dict(known.get("binding_ids") or {})
    names = [project["name"] for project in wanted["projects"]]
    roles = dict(_roles(wanted))
    if not (names or roles or projects or bindings):
        return {"project_ids": {}, "binding_ids": {}}
    for key in [key for key in bindings if key not in roles]:
        _delete(session, f"{_PROJECT if _project_of(key) else _CLUSTER}/{bindings.pop(key)}")
    for name in [name for name in projects if name not in names]:
        _delete(session, f"projects/{projects.pop(name)}")
    if names:
        existing = _of_cluster(session, "projects", cluster_id)
        found = {project.get("name"): str(project["id"]) for project in existing}
        for name in names:
            projects[name] = found.get(name) or _create(
                session, "projects", {"type": "project", "name": name, "clusterId": cluster_id}
            )
    for key, member in roles.items():
        bindings[key] = _bind(session, cluster_id, projects.get(_project_of(key), ""), member)
    return {"project_ids": projects, "binding_ids": bindings}


def remaining(session: Session, known: Mapping[str, Any]) -> Json:
    """The known projects and bindings that still exist; one list serves all sites."""
    projects, bindings = known.get("project_ids") or {}, known.get("binding_ids") or {}
    found: set[str] = set()
    for kind in (["projects"] if projects else []) + ([_CLUSTER, _PROJECT] if bindings else []):
        found |= {str(item["id"]) for item in session.all(kind)}
    return {
        "project_ids": {name: id_ for name, id_ in projects.items() if id_ in found},
        "binding_ids": {key: id_ for key, id_ in bindings.items() if id_ in found},
    }


def complete(wanted: Mapping[str, Any], known: Mapping[str, Any]) -> bool:
    """Whether every wanted project and binding is known."""
    names = {project["name"] for project in wanted["projects"]}
    return names <= set(known.get("project_ids") or {}) and set(dict(_roles(wanted))) <= set(
        known.get("binding_ids") or {}
    )


def _roles(wanted: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, str]]]:
    """Each binding by a unique key; no project's name contains a line feed."""
    for member in wanted["members"]:
        yield f"{member['user']} {member['role']}\n", member
    for project in wanted["projects"]:
        for member in project["members"]:
            yield f"{member['user']} {member['role']}\n{project['name']}", member


def _project_of(key: str) -> str:
    return key.partition("\n")[2]


def _bind(session: Session, cluster_id: str, project_id: str, member: Mapping[str, str]) -> str:
    user_id = _user(session, member["user"])
    kind, scope = (_PROJECT, "projectId") if project_id else (_CLUSTER, "clusterId")
    scoped = project_id or cluster_id
    for item in session.call("GET", f"/v3/{kind}?{scope}={scoped}&userId={user_id}").get("data") or []:
        same = item.get("userId") == user_id and item.get("roleTemplateId") == member["role"]
        if same and item.get(scope) == scoped:
            return str(item["id"])
    return _create(session, kind, {scope: scoped, "userId": user_id, "roleTemplateId": member["role"]})


def _user(session: Session, name: str) -> str:
    for fresh in (3600.0, 0.0):
        for user in session.all("users", fresh):
            if user.get("username") == name:
                return str(user["id"])
    raise ProviderError(f"Rancher has no user {name!r}. Add it to users, or correct the member", "members")


def _of_cluster(session: Session, kind: str, cluster_id: str) -> list[Json]:
    found = session.call("GET", f"/v3/{kind}?clusterId={cluster_id}").get("data") or []
    return [item for item in found if item.get("clusterId") == cluster_id]


def _create(session: Session, kind: str, body: Json) -> str:
    """Creates an object; its namespace exists only a moment after its cluster or project."""

    def poll() -> tuple[str, str | None]:
        try:
            return "", str(session.call("POST", f"/v3/{kind}", body, ("id",))["id"])
        except RancherError as error:
            if error.status != 404:
                raise
            return str(error), None

    return wait(
        f"one of {kind}", poll, timeout=_NAMESPACE_SECONDS, pace=QUICK, resume="Run `pulumi up` again"
    )


def _delete(session: Session, path: str) -> None:
    try:
        session.call("DELETE", f"/v3/{path}")
    except RancherError as error:
        if error.status != 404:
            raise
