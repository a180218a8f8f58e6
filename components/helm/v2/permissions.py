"""Permissions of Tiller: cluster-admin while a release changes, otherwise none.

Each change creates a ClusterRoleBinding named after its release, and deletes it afterwards. A killed run
leaves its binding behind; the next run deletes all that it finds.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from components.helm.v2.history import NAMESPACE
from components.kubernetes.api import Kubernetes, KubernetesError, Object
from components.runtime.errors import ProviderError
from components.runtime.waiting import QUICK, wait

ACCOUNT = "tiller"
"""Tiller's service account in kube-system, as in the article."""

_RBAC = "/apis/rbac.authorization.k8s.io/v1"
_BINDINGS = f"{_RBAC}/clusterrolebindings"
_REVIEWS = "/apis/authorization.k8s.io/v1/subjectaccessreviews"
_USER = f"system:serviceaccount:{NAMESPACE}:{ACCOUNT}"
_ROLE = "cluster-admin"


def bindings(kubernetes: Kubernetes) -> list[str]:
    """Returns the ClusterRoleBindings that make Tiller's service account cluster-admin."""
    return [
        str(item["metadata"]["name"])
        for item in kubernetes.list(_BINDINGS)
        if item["roleRef"]["name"] == _ROLE
        and any(
            (subject["kind"], subject.get("namespace"), subject["name"])
            == ("ServiceAccount", NAMESPACE, ACCOUNT)
            for subject in item.get("subjects") or []
        )
    ]


def revoke_all(kubernetes: Kubernetes) -> list[str]:
    """Deletes these bindings; returns their names.

    Raises:
        ProviderError: A binding also has other subjects.
    """
    found = bindings(kubernetes)
    for name in found:
        binding = kubernetes.get(f"{_BINDINGS}/{name}")
        if binding and len(binding["subjects"]) > 1:
            raise ProviderError(
                f"ClusterRoleBinding {name} makes Tiller and others cluster-admin. Remove Tiller's service "
                f"account from it: kubectl edit clusterrolebinding {name}"
            )
        kubernetes.delete(f"{_BINDINGS}/{name}")
    return found


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
    binding: Object = {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "ClusterRoleBinding",
        "metadata": {"name": name},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": _ROLE},
        "subjects": [{"kind": "ServiceAccount", "namespace": NAMESPACE, "name": ACCOUNT}],
    }
    try:
        kubernetes.create(_BINDINGS, binding)
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
        allowed = kubernetes.create(_REVIEWS, review)["status"].get("allowed")
        return "the binding has no effect yet", True if allowed else None

    wait("permissions of Tiller", poll, timeout=60, pace=QUICK, resume="Run `pulumi up` again")
