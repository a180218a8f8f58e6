"""A site's cluster in Rancher: created or taken over, labelled; and the token that registers its agent."""

from __future__ import annotations

import time
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from urllib.parse import quote, urlsplit

from components.rancher.api import Json, RancherError
from components.runtime.errors import ProviderError
from components.runtime.waiting import QUICK, WaitTimeoutError, wait
from domain.brake_policy import FLEET
from domain.redaction import Redactor
from fleet.session import Session

OWNER = FLEET
"""Annotation of a cluster in Rancher: the stack that registered it."""
_GONE_SECONDS = 60.0
_TOKEN_SECONDS = 60.0
_SET_UP = ("BackingNamespaceCreated", "DefaultProjectCreated", "SystemProjectCreated")
"""Conditions of a cluster whose namespaces exist."""
_GUARDED = "lifecycle.cattle.io/create.mgmt-cluster-rbac-remove"
"""Annotation of a cluster to which Rancher has added the finalizer that removes its namespaces."""
_SETTLE_SECONDS = 5.0
_SET_UP_SECONDS = 30.0
_OLD_SECONDS = 300.0
"""Age from which a cluster counts as set up even without these signs."""
_LISTED_SECONDS = 60.0
"""One list serves all deletions; a cluster that is not in it is asked for by itself."""
_AGAIN = "Run `pulumi up` again"


def register(
    session: Session, name: str, owner: str, marks: Mapping[str, Mapping[str, str]], adopt: bool
) -> Json:
    """Registers a cluster of that name, with these labels and annotations.

    A cluster that an interrupted run of this stack has registered is taken over.

    Raises:
        ProviderError: The name is taken by a cluster of somebody else, and ``adopt`` is false.
        RancherError: Rancher refused, or does not answer.
    """
    annotations = {**marks["annotations"], OWNER: owner}
    body = {"type": "cluster", "name": name, "labels": dict(marks["labels"]), "annotations": annotations}
    for _ in range(2):
        try:
            return session.call("POST", "/v3/clusters", body, ("id",))
        except RancherError as error:
            if error.code != "NotUnique":
                raise
        found = _named(session, name)
        if found is None:
            continue
        if found.get("removed") or found.get("state") == "removing":
            _await_gone(session, found["id"])
            continue
        other = (found.get("annotations") or {}).get(OWNER)
        if other != owner and not adopt:
            who = f"stack {other}" if other else "somebody else"
            raise ProviderError(
                f"Rancher has a cluster of that name already ({found['id']}, {found.get('state')}), "
                f"registered by {who}. Choose another name, or set adopt: true to take it over",
                "name",
            )
        return mark(session, found, {"labels": {}, "annotations": {}}, {**marks, "annotations": annotations})
    raise ProviderError(f"a cluster of that name is being removed from Rancher. {_AGAIN}")


def mark(
    session: Session,
    cluster: Json,
    before: Mapping[str, Mapping[str, str]],
    wanted: Mapping[str, Mapping[str, str]],
) -> Json:
    """Replaces the labels and annotations in ``before`` by those in ``wanted``; others stay."""
    changed: Json = {}
    for kind, values in wanted.items():
        live = cluster.get(kind) or {}
        kept = {key: value for key, value in live.items() if key not in before[kind] or key in values}
        if {**kept, **values} != live:
            changed[kind] = {**kept, **values}
    if not changed:
        return cluster
    return session.call("PUT", f"/v3/clusters/{cluster['id']}", {**cluster, **changed}, ("id",))


def token_for(session: Session, cluster_id: str, *, fresh: bool) -> Json:
    """A registration token of the cluster, with its ``command`` and ``manifestUrl``.

    Args:
        session: The login.
        cluster_id: The cluster.
        fresh: The cluster was just created, and has no token.

    Raises:
        ProviderError: Rancher issued none in time.
    """
    token = None if fresh else _valid_token(session, cluster_id)
    token_id = token["id"] if token else _new_token(session, cluster_id)

    def poll() -> tuple[str, Json | None]:
        found = session.call("GET", f"/v3/clusterregistrationtokens/{token_id}")
        if found.get("manifestUrl") and found.get("command"):
            return "", found
        return "Rancher's server-url is not set" if found.get("token") else "no token yet", None

    return wait("the registration token", poll, timeout=_TOKEN_SECONDS, pace=QUICK, resume=_AGAIN)


def manifest(session: Session, token: Json) -> str:
    """The manifest of the agent: YAML documents."""
    try:
        return session.text(urlsplit(token["manifestUrl"]).path)
    except ValueError:
        raise ProviderError("Rancher's address of the agent's manifest is invalid") from None
    except RancherError as error:
        error.args = (Redactor([str(token.get("token") or "")])(str(error)),)  # the path contains the token
        raise


def await_set_up(session: Session, cluster_id: str) -> None:
    """Waits until Rancher has created the cluster's namespace and its two projects, but not for ever."""

    def poll() -> tuple[str, bool | None]:
        cluster = find(session, cluster_id)
        return "Rancher sets it up", not cluster or _is_set_up(cluster) or None

    with suppress(WaitTimeoutError):
        wait(f"cluster {cluster_id}", poll, timeout=_SET_UP_SECONDS, pace=QUICK, resume="")


def remove(session: Session, cluster_id: str) -> None:
    """Deletes the cluster, and waits until Rancher has removed it."""
    _await_settled(session, cluster_id)
    try:
        session.call("DELETE", f"/v3/clusters/{cluster_id}")
    except RancherError as error:
        if error.status != 404:
            raise
    _await_gone(session, cluster_id)


def _await_settled(session: Session, cluster_id: str) -> None:
    """Waits until Rancher's controllers have set up a new cluster.

    The namespaces of a cluster that is deleted earlier remain for good: measured on Rancher 2.15.0 for 5 of 5
    clusters, 0.2 to 0.5 s after their creation. Their removal is the task of a finalizer that Rancher adds
    meanwhile (``mgmt-cluster-rbac-remove`` in rancher/rancher, ``pkg/controllers/management/auth``), and then
    shows as an annotation; the namespaces of projects depend on finalizers that it does not show.
    """
    start = time.monotonic()
    listed = session.all("clusters", _LISTED_SECONDS)
    known = next((item for item in listed if item["id"] == cluster_id), None)
    if known and _is_settled(known, 0):
        return

    def poll() -> tuple[str, bool | None]:
        cluster = find(session, cluster_id)
        settled = not cluster or _is_settled(cluster, time.monotonic() - start)
        return "it was just created", settled or None

    with suppress(WaitTimeoutError):  # delete it all the same; namespaces that remain are reported
        wait(f"cluster {cluster_id}", poll, timeout=_SET_UP_SECONDS, pace=QUICK, resume="")


def _is_settled(cluster: Json, waited: float) -> bool:
    """Whether a cluster has had its namespaces for a while.

    Args:
        cluster: As Rancher shows it.
        waited: Seconds for which it has been watched: the age alone depends on two clocks.
    """
    if cluster.get("removed") or cluster.get("state") == "removing":
        return True
    guarded = _GUARDED in (cluster.get("annotations") or {})
    age = max(time.time() - float(cluster.get("createdTS") or 0) / 1000, waited)
    return age >= _OLD_SECONDS or (_is_set_up(cluster) and guarded and age >= _SETTLE_SECONDS)


def _is_set_up(cluster: Json) -> bool:
    conditions = {item.get("type"): item.get("status") for item in cluster.get("conditions") or []}
    return all(conditions.get(name) == "True" for name in _SET_UP)


def find(session: Session, cluster_id: str) -> Json | None:
    """The cluster; None when it does not exist."""
    try:
        return session.call("GET", f"/v3/clusters/{cluster_id}", needed=("id",))
    except RancherError as error:
        if error.status != 404:
            raise
        return None


def _named(session: Session, name: str) -> Json | None:
    found = session.call("GET", f"/v3/clusters?name={quote(name)}").get("data") or []
    return next((item for item in found if item.get("name") == name), None)


def _await_gone(session: Session, cluster_id: str) -> None:
    def poll() -> tuple[str, bool | None]:
        found = find(session, cluster_id)
        return (str(found.get("state")), None) if found else ("", True)

    what = f"removal of cluster {cluster_id}"
    wait(what, poll, timeout=_GONE_SECONDS, pace=QUICK, resume=_AGAIN)


def _valid_token(session: Session, cluster_id: str) -> Json | None:
    """An existing token that is valid."""
    found = session.call("GET", f"/v3/clusterregistrationtokens?clusterId={cluster_id}").get("data") or []
    return next(
        (
            item
            for item in found
            if item.get("manifestUrl") and item.get("command") and not expired(item.get("expiresAt"))
        ),
        None,
    )


def expired(end: object) -> bool:
    """Whether a time (ISO 8601) has passed; older releases give none, and their tokens do not expire."""
    try:
        return bool(end) and datetime.fromisoformat(str(end)).astimezone(UTC) <= datetime.now(UTC)
    except (ValueError, OverflowError):
        return True  # unreadable: a new one is safe


def _new_token(session: Session, cluster_id: str) -> str:
    """Creates a token; the cluster's namespace exists only a moment after the cluster, until then: 404."""
    body = {"type": "clusterRegistrationToken", "clusterId": cluster_id}

    def poll() -> tuple[str, str | None]:
        try:
            made = session.call("POST", "/v3/clusterregistrationtokens", body, ("id",))
            return "", str(made["id"])
        except RancherError as error:
            if error.status != 404:
                raise
            return str(error), None

    what = f"a registration token of cluster {cluster_id}"
    return wait(what, poll, timeout=_TOKEN_SECONDS, pace=QUICK, resume=_AGAIN)
