"""Tiller's cluster-admin rights in the cluster: only while a release changes.

Each change binds the role under a name of its own release and removes the binding afterwards. A run that was
killed leaves its binding behind; the program removes all that it finds at its next start.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from components.helm.v2.records import NAMESPACE
from components.kubernetes.api import Kubernetes, KubernetesError, Object
from components.runtime.errors import ProviderError
from components.runtime.provider import wait

ACCOUNT = "tiller"
"""Tiller's service account in kube-system, as in the article."""

_RBAC = "/apis/rbac.authorization.k8s.io/v1"
_BINDINGS = f"{_RBAC}/clusterrolebindings"
_REVIEWS = "/apis/authorization.k8s.io/v1/subjectaccessreviews"
_USER = f"system:serviceaccount:{NAMESPACE}:{ACCOUNT}"
_ROLE = "cluster-admin"


def bindings(kubernetes: Kubernetes) -> list[str]:
    """Names of the bindings that give Tiller's service account the role cluster-admin."""
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


def withdraw(kubernetes: Kubernetes) -> list[str]:
    """Remove every such binding; returns their names.

    Raises:
        ProviderError: A binding has other subjects too.
    """
    found = bindings(kubernetes)
    for name in found:
        binding = kubernetes.get(f"{_BINDINGS}/{name}")
        if binding and len(binding["subjects"]) > 1:
            raise ProviderError(
                f"ClusterRoleBinding {name} makes Tiller and others cluster-admin. Take Tiller's service "
                f"account out of it: kubectl edit clusterrolebinding {name}"
            )
        kubernetes.delete(f"{_BINDINGS}/{name}")
    return found


@contextmanager
def granted(kubernetes: Kubernetes, release: str) -> Iterator[None]:
    """Tiller may do everything in the body; afterwards nothing, whatever happened.

    Raises:
        ProviderError: The rights could not be withdrawn; the message says how to do it.
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
                f"Tiller is still cluster-admin: ClusterRoleBinding {name} could not be removed ({error}). "
                f"Run pulumi up again, or: kubectl delete clusterrolebinding {name}"
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

    # The API's authorizer learns of a binding a moment after it is there.
    def poll() -> tuple[str, bool | None]:
        review: Object = {
            "apiVersion": "authorization.k8s.io/v1",
            "kind": "SubjectAccessReview",
            "spec": {"user": _USER, "resourceAttributes": {"verb": "*", "group": "*", "resource": "*"}},
        }
        allowed = kubernetes.create(_REVIEWS, review)["status"].get("allowed")
        return "the binding is not in force", True if allowed else None

    wait("rights of Tiller", poll, timeout=60, first=0.1, cap=2, resume="Run pulumi up again")
