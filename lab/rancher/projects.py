"""Projects, groups of a cluster's namespaces: ``/v3/projects``. Each has a namespace here."""

from __future__ import annotations

from collections.abc import Iterator

from lab.rancher import identity, namespaces, sprawl, users
from lab.rancher.answers import settled, shown
from lab.rancher.context import Call, Context, RefusalError, not_found
from lab.rancher.resource import Resource
from lab.rancher.state import LOCAL, Object

_SYSTEM = "System"


def make_local(context: Context) -> None:
    """Creates the two of ``local``, in namespaces without its name: the webhook is installed later."""
    for name, namespace in namespaces.local_projects(context.seed).items():
        _new(context, LOCAL, name, namespace, None)["namespace"] = namespace


def make_default(context: Context, cluster: Object) -> None:
    """Creates the two projects of a new cluster."""
    for name in namespaces.PROJECTS:
        _new(context, cluster["id"], name, identity.name("p"), cluster["creatorId"])


def forget(context: Context, cluster_id: str) -> list[str]:
    """Removes the projects of a deleted cluster, and returns their namespaces."""
    gone = [key for key, item in context.state.projects.items() if item["clusterId"] == cluster_id]
    return [context.state.projects.pop(key)["namespace"] for key in gone]


def adopt(context: Context, cluster_id: str, name: str, title: str) -> None:
    """Takes over a project that was created in the cluster's API."""
    _new(context, cluster_id, title, name, None)


def drop(context: Context, project: Object) -> None:
    """Deletes a project."""
    del context.state.projects[project["id"]]
    sprawl.schedule_deletion(context, "projects", [project["namespace"]])


def _new(context: Context, cluster_id: str, title: str, name: str, creator: str | None) -> Object:
    backing = f"{cluster_id}-{name}" if context.release.project_namespace_of_cluster else name
    return context.record(
        context.state.projects,
        f"{cluster_id}:{name}",
        number=len(context.state.projects),
        name=title,
        clusterId=cluster_id,
        namespace=backing,
        creatorId=creator,
    )


def _shown(call: Call, project: Object) -> Object:
    own = {
        **settled(),
        "actions": {"exportYaml": f"{call.base}/v3/projects/{project['id']}?action=exportYaml"},
        "clusterId": project["clusterId"],
        "namespaceId": None,
    }
    if call.context.release.project_namespace_of_cluster:
        own["backingNamespace"] = project["namespace"]
    return shown(call, "project", project, **own)


def _all(call: Call) -> Iterator[Object]:
    for project in call.state.projects.values():
        if sprawl.has_namespaces(call.context, project["clusterId"]) and sprawl.is_made(
            call.context, project
        ):
            yield _shown(call, project)


def _create(call: Call) -> Object:
    """Creates a project; names need not be unique."""
    title, cluster_id = call.required("name", "clusterId")
    if not sprawl.has_namespaces(call.context, cluster_id):
        raise not_found("namespaces", cluster_id)
    return _shown(call, _new(call.context, cluster_id, title, identity.name("p"), call.user["id"]))


def _delete(call: Call, name: str) -> Object:
    project = call.state.projects[name]
    if project["name"] == _SYSTEM:
        raise RefusalError(405, "MethodNotAllow", "System Project cannot be deleted")
    drop(call.context, project)
    return _shown(call, project)


RESOURCE = Resource(
    singular="project",
    all=_all,
    create=_create,
    delete=_delete,
    filters=("clusterId", "name", "id"),
    may_create=users.may_create_projects,
    scope=lambda call: f'in the namespace "{call.text("clusterId")}"',
)
