"""Permissions of Tiller: cluster-admin while a release changes, otherwise none.

Each change creates a ClusterRoleBinding named after its release, and deletes it afterwards. A killed run
leaves its binding behind; the next run deletes all that it finds.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from components.kubernetes.api import Kubernetes, KubernetesError, Object
from components.runtime.errors import ProviderError
from components.runtime.waiting import QUICK, wait
from domain.helm_v2 import ACCOUNT, NAMESPACE, binding, is_for_tiller

_BINDINGS = "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings"
_REVIEWS = "/apis/authorization.k8s.io/v1/subjectaccessreviews"
_USER = f"system:serviceaccount:{NAMESPACE}:{ACCOUNT}"


def revoke_all(kubernetes: Kubernetes) -> list[str]:
    """Deletes the ClusterRoleBindings that make Tiller cluster-admin; returns their names.

    Raises:
        ProviderError: A binding also has other subjects.
    """
    revoked = []
    for found in filter(is_for_tiller, kubernetes.list(_BINDINGS)):
        name = str(found["metadata"]["name"])
        if len(found["subjects"]) > 1:
            raise ProviderError(
                f"ClusterRoleBinding {name} makes Tiller and others cluster-admin. Remove Tiller's service "
                f"account from it: kubectl edit clusterrolebinding {name}"
            )
        kubernetes.delete(f"{_BINDINGS}/{name}")
        revoked.append(name)
    return revoked


@contextmanager
def granted(kubernetes: Kubernetes, release: str) -> Iterator[None]:
    """Tiller is cluster-admin within the block.

    Raises:
        ProviderError: The binding could not be deleted; the message says how to do it.
    """
    name = f"tiller-{release}"
    try:
        _bind(kubernetes, name)
        yield
    finally:
        try:
            kubernetes.delete(f"{_BINDINGS}/{name}")
        except KubernetesError as error:
            raise ProviderError(
                f"Tiller is still cluster-admin: ClusterRoleBinding {name} could not be deleted ({error}). "
                f"Run `pulumi up` again, or `kubectl delete clusterrolebinding {name}`"
            ) from error


def _bind(kubernetes: Kubernetes, name: str) -> None:
    try:
        kubernetes.create(_BINDINGS, binding(name))
    except KubernetesError as error:
        if error.status != 409:
            raise

    # A new binding takes effect after a moment.
    def poll() -> tuple[str, bool | None]:
        review: Object = {
            "apiVersion": "authorization.k8s.io/v1",
            "kind": "SubjectAccessReview",
            "spec": {"user": _USER, "resourceAttributes": {"verb": "*", "group": "*", "resource": "*"}},
        }
        allowed = (kubernetes.create(_REVIEWS, review).get("status") or {}).get("allowed")
        return "the binding has no effect yet", True if allowed else None

    wait("permissions of Tiller", poll, timeout=60, pace=QUICK, resume="Run `pulumi up` again")
