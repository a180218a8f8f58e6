"""Clusters that Rancher manages: ``/v3/clusters``.

``local``, the cluster that Rancher runs on, is in Provisioning ("waiting for server-url setting to be set")
until server-url has a value. On releases before 2.6 it stays there, as in the article, until it is saved with
an unchanged ``PUT /v3/clusters/local``. Later releases continue automatically (measured on 2.15). The fault
``local_stuck`` (true or false) of ``rancher`` overrides the release. Once active, it stays active.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from lab.rancher import cluster_view, identity, projects, registrations, sprawl, users
from lab.rancher.context import Call, Context, RefusalError, missing
from lab.rancher.resource import Resource
from lab.rancher.state import LOCAL, Object

_NAME_FIELD = "Cluster name"
_DEPLOY_SECONDS = 1.0
"""Time from the moment when ``local`` can proceed until it is active."""
_GONE_SECONDS = 0.2
"""Time for which a deleted cluster is still listed."""
_LABEL = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?")
_WEBHOOK = 'admission webhook "rancher.cattle.io.clusters.management.cattle.io" denied the request: '


def make_local(context: Context) -> None:
    """Creates the cluster that Rancher runs on, with its two projects."""
    _new(context, LOCAL, LOCAL, creator=None)
    projects.make_local(context)


def adopt(context: Context, cluster_id: str, name: str) -> None:
    """Takes over a cluster that was created in the cluster's API."""
    cluster = _new(context, name, cluster_id, creator=None)
    projects.make_default(context, cluster)
    registrations.make_default(context, cluster)


def forget(context: Context, cluster: Object) -> None:
    """Deletes a cluster; it is listed a moment longer."""
    cluster_id = cluster["id"]
    cluster["removed"] = context.clock()
    backing = projects.forget(context, cluster_id)
    registrations.forget(context, cluster_id)
    if sprawl.is_guarded(context, cluster):  # otherwise they remain for good
        sprawl.schedule_deletion(context, "clusters", [cluster_id])
        sprawl.schedule_deletion(context, "projects", backing)
    if cluster["connected"]:
        sprawl.schedule_deletion(context, "fleet", [sprawl.fleet_namespace(cluster_id)])


def _new(context: Context, name: str, cluster_id: str, creator: str | None) -> Object:
    return context.record(
        context.state.clusters,
        cluster_id,
        number=len(context.state.clusters),
        name=name,
        setup_seconds=0.0 if cluster_id == LOCAL else sprawl.setup_seconds(context),
        creatorId=creator,
        saved=0.0,
        provisioned=False,
        connected=None,
        removed=None,
        labels={"cattle.io/creator": "norman"} if creator else {},
        annotations={},
    )


def _remove_deleted(context: Context) -> None:
    """Removes deleted clusters that are no longer listed."""
    clusters, now = context.state.clusters, context.clock()
    gone = [item["id"] for item in clusters.values() if item["removed"] and now >= _gone_at(item)]
    for cluster_id in gone:
        del clusters[cluster_id]


def _gone_at(cluster: Object) -> float:
    at: float = cluster["removed"] + _GONE_SECONDS
    return at


def _listed(call: Call) -> Iterator[Object]:
    for cluster in call.state.clusters.values():
        if cluster["removed"] is None or call.now < _gone_at(cluster):
            yield cluster


def _all(call: Call) -> Iterator[Object]:
    for cluster in _listed(call):
        if cluster["id"] == LOCAL:
            _advance_local(call.context, cluster)
        yield cluster_view.full(call, cluster)


def _advance_local(context: Context, cluster: Object) -> None:
    """Records that ``local`` has become active, once it has."""
    if cluster["provisioned"] or not context.state.setting("server-url"):
        return
    since = context.state.settings["server-url"]["changed"]
    if context.fault().get("local_stuck", context.release.local_hangs):
        if cluster["saved"] <= since:
            return
        since = cluster["saved"]
    if context.clock() >= since + _DEPLOY_SECONDS:
        cluster["provisioned"] = True
        context.commit()


def _check_name(call: Call, cluster_id: str) -> str:
    name = call.text("name")
    if not name:
        raise missing(_NAME_FIELD)
    if any(item["name"] == name and item["id"] != cluster_id for item in _listed(call)):
        raise RefusalError(422, "NotUnique", field_name=_NAME_FIELD)
    if not _LABEL.fullmatch(name):
        message = (
            f"InvalidFormat 422: invalid value {name}: a lowercase RFC 1123 label must consist of lower case "
            "alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. "
            "'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')"
        )
        raise RefusalError(422, "InvalidFormat", message, "name")
    return name


def _create(call: Call) -> Object:
    _remove_deleted(call.context)
    name = _check_name(call, "")
    cluster = _new(call.context, name, identity.name("c"), creator=call.user["id"])
    _merge_metadata(call, cluster)
    projects.make_default(call.context, cluster)
    registrations.make_default(call.context, cluster)
    return cluster_view.fresh(call, cluster)


def _merge_metadata(call: Call, cluster: Object) -> None:
    """Replaces labels and annotations with those of a body, except for Rancher's own.

    Protected are keys that contain ``cattle.io/`` and are not fields (norman ``types/convert/merge``).
    """
    for kind in ("labels", "annotations"):
        given = call.body.get(kind)
        if isinstance(given, dict):
            kept = {key: value for key, value in cluster[kind].items() if _is_protected(key)}
            cluster[kind] = {**{key: value for key, value in given.items() if not _is_protected(key)}, **kept}


def _is_protected(key: str) -> bool:
    return "cattle.io/" in key and not key.startswith("field.cattle.io/")


def _update(call: Call, cluster_id: str) -> Object:
    name = _check_name(call, cluster_id)
    cluster = call.state.clusters[cluster_id]
    cluster["name"], cluster["saved"] = name, call.now
    _merge_metadata(call, cluster)
    return cluster_view.full(call, cluster)


def _delete(call: Call, cluster_id: str) -> Object:
    if cluster_id == LOCAL:
        raise RefusalError(400, "BadRequest", f"{_WEBHOOK}local cluster may not be deleted")
    cluster = call.state.clusters[cluster_id]
    shown = cluster_view.full(call, cluster)
    if cluster["removed"] is None:
        forget(call.context, cluster)
    return shown


RESOURCE = Resource(
    singular="cluster",
    all=_all,
    create=_create,
    update=_update,
    delete=_delete,
    shown_actions=("createFromTemplate",),
    filters=("name", "id", "state"),
    may_create=users.may_create_clusters,
)
