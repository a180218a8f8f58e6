"""The quota of projects in a site's namespace, with ``quota`` in the server's sprawlBrake."""

from __future__ import annotations

from http import HTTPStatus

from components.rancher.api import Json, RancherError
from components.runtime.errors import ProviderError
from components.runtime.waiting import QUICK, wait
from domain.rancher_quota import OF_SITE, PROJECTS, hard
from fleet.session import Session

NONE = -1
"""No quota: the server's brake has none."""
_COUNTED_SECONDS = 300.0
"""Kubernetes looks for new countable kinds every 30 s; until then a quota counts nothing."""
_NAMESPACE_SECONDS = 60.0


def reconcile(session: Session, cluster_id: str, projects: int, known: int) -> int:
    """Sets the quota of a cluster, and waits until Kubernetes counts; returns ``projects``. Idempotent.

    Args:
        session: The login.
        cluster_id: The site's cluster, whose namespace has its name.
        projects: Projects besides Default and System; ``NONE``: no quota.
        known: What an earlier call returned.

    Raises:
        RancherError: Rancher refused, or does not answer.
        ProviderError: Kubernetes does not count in time.
    """
    path = f"namespaces/{cluster_id}/resourcequotas"
    if projects == NONE:
        if known != NONE:
            _unless_absent(session, "DELETE", f"{path}/{OF_SITE}")
        return NONE
    wanted = hard(projects)
    if _spec(_unless_absent(session, "GET", f"{path}/{OF_SITE}")) != wanted:
        _set(session, cluster_id, path, wanted)

    def poll() -> tuple[str, bool | None]:
        found = _unless_absent(session, "GET", f"{path}/{OF_SITE}") or {}
        counts = ((found.get("status") or {}).get("hard") or {}) == wanted
        return f"Kubernetes does not count {PROJECTS} yet", counts or None

    again = "Run `pulumi up` again"
    wait(f"quota of cluster {cluster_id}", poll, timeout=_COUNTED_SECONDS, pace=QUICK, resume=again)
    return projects


def live(session: Session, cluster_id: str, known: int) -> int:
    """What a refresh finds: ``known``, or ``NONE`` when the quota is gone or another one."""
    if known == NONE:
        return NONE
    wanted = hard(known)
    for item in session.quotas():
        place = item["metadata"]
        if (place["namespace"], place["name"]) == (cluster_id, OF_SITE) and _spec(item) == wanted:
            return known
    return NONE


def _set(session: Session, cluster_id: str, path: str, wanted: dict[str, str]) -> None:
    """Creates or changes it; the namespace exists only a moment after the cluster."""
    metadata = {"name": OF_SITE, "namespace": cluster_id}
    body = {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": metadata, "spec": {"hard": wanted}}

    def poll() -> tuple[str, bool | None]:
        try:
            if _unless_absent(session, "PUT", f"{path}/{OF_SITE}", body) is None:
                session.local("POST", path, body)
        except RancherError as error:
            if error.status != HTTPStatus.NOT_FOUND:
                raise ProviderError(f"the quota of its projects is not set: {error}") from None
            return str(error), None
        return "", True

    what = f"namespace {cluster_id}"
    wait(what, poll, timeout=_NAMESPACE_SECONDS, pace=QUICK, resume="Run `pulumi up` again")


def _spec(item: Json | None) -> object:
    return ((item or {}).get("spec") or {}).get("hard")


def _unless_absent(session: Session, method: str, path: str, body: Json | None = None) -> Json | None:
    try:
        return session.local(method, path, body)
    except RancherError as error:
        if error.status != HTTPStatus.NOT_FOUND:
            raise
        return None
