"""Namespaces on the server's cluster that survived their cluster in Rancher: finds and reclaims them."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from ci.problem import StepError
from components.kubernetes.api import Kubernetes, KubernetesError, client
from components.runtime.errors import ProviderError
from domain.leaked_namespaces import Leak, Leaked, Listing, leaks

_MANAGEMENT = "/apis/management.cattle.io/v3"
_OTHERS = ("/apis/provisioning.cattle.io/v1/clusters", "/apis/fleet.cattle.io/v1alpha1/clusters")
_NAMESPACES = "/api/v1/namespaces"
_RANCHER = "/apis/apps/v1/namespaces/cattle-system/deployments/rancher"
_LIVE = ("pods", "persistentvolumeclaims")
"""What Rancher never puts into a namespace of a cluster or a project."""


def check(kubeconfig: str, *, least_age: timedelta, most: int | None) -> Leaked:
    """Finds the leaked namespaces, and reclaims them unless ``most`` is None.

    Args:
        kubeconfig: Of the cluster that Rancher runs on.
        least_age: As ``find``.
        most: As ``reclaim``.

    Raises:
        StepError: They cannot be found.
    """
    try:
        with client(kubeconfig) as api:
            found = find(api, least_age=least_age)
            return found if most is None else reclaim(api, found, most=most)
    except (ProviderError, ValueError) as error:
        raise StepError(f"namespaces of deleted clusters: {error}. Check that Rancher runs") from None


def find(api: Kubernetes, *, least_age: timedelta) -> Leaked:
    """The namespaces whose cluster or project Rancher has neither before nor after they are listed.

    Args:
        api: The cluster that Rancher runs on.
        least_age: A younger namespace is not reclaimed.

    Raises:
        ValueError: A list is incomplete.
        KubernetesError: The API refused, or did not answer.
    """
    before = _listing(api)
    namespaces = api.list(_NAMESPACES)
    known = before | _listing(api)
    return Leaked(tuple(leaks(namespaces, known, now=datetime.now(UTC), least_age=least_age)))


def reclaim(api: Kubernetes, found: Leaked, *, most: int) -> Leaked:
    """Deletes the namespaces that provably belong to a cluster that Rancher does not have any more.

    Each is deleted only as it was judged: one that has changed since, or that holds pods or volumes, stays.

    Args:
        api: The cluster that Rancher runs on.
        found: Result of ``find``, of this moment.
        most: None is deleted if there are more: then it is Rancher that lost its clusters.

    Raises:
        KubernetesError: The API did not answer.
    """
    count = sum(not leak.kept for leak in found.remaining)
    reason = ""
    if count > most:
        reason = (
            f"{count} are more than {most}. Check that Rancher has not lost clusters, and repeat with "
            f"`--reclaim {count}`"
        )
    elif count and not _is_ready(api):
        reason = "Rancher is not ready, so it may be in a restore"
    judged = [_reclaimed(api, leak, leak.kept or reason) for leak in found.remaining]
    return Leaked(
        remaining=tuple(leak for leak, gone in judged if not gone),
        reclaimed=tuple(leak for leak, gone in judged if gone),
    )


def _listing(api: Kubernetes) -> Listing:
    return Listing.of(
        clusters=api.list(f"{_MANAGEMENT}/clusters"),
        projects=api.list(f"{_MANAGEMENT}/projects"),
        others=[item for path in _OTHERS for item in api.list(path)],
    )


def _is_ready(api: Kubernetes) -> bool:
    status = (api.get(_RANCHER) or {}).get("status") or {}
    return bool(status.get("readyReplicas"))


def _reclaimed(api: Kubernetes, leak: Leak, kept: str) -> tuple[Leak, bool]:
    """The namespace with the reason why it is kept, and whether it was deleted."""
    path = f"{_NAMESPACES}/{leak.name}"
    try:
        for kind in () if kept else _LIVE:
            if (api.get(f"{path}/{kind}?limit=1") or {}).get("items"):
                kept = f"it holds {kind}"
        if not kept:
            api.delete(path, uid=leak.uid, resourceVersion=leak.version)
    except KubernetesError as error:
        if not error.status:
            raise
        kept = f"{error}"
    return replace(leak, kept=kept), not kept
