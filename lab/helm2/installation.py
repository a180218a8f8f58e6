"""Tiller in the cluster: ``helm init``, ``helm reset``, and discovery by ``helm``."""

from __future__ import annotations

import json
from typing import Any

from lab.helm2.kubectl import Helm2Error, Kubectl, Object
from lab.helm2.storage import NAMESPACE, Storage
from lab.helm2.tiller import VERSION, Tiller

_LABELS = {"app": "helm", "name": "tiller"}
_IMAGE = f"ghcr.io/helm/tiller:{VERSION}"
_SELECTOR = "app=helm,name=tiller"


def install(kubectl: Kubectl, *, account: str, image: str, history: int, upgrade: bool) -> str:
    """Creates the Deployment and the Service; returns the output of ``helm init``."""
    name = "deployment/tiller-deploy"
    present = kubectl.run("get", name, "-n", NAMESPACE, "-o", "name", "--ignore-not-found").strip()
    documents = [_deployment(account, image or _IMAGE, history), _service()]
    if present and not upgrade:
        return (
            "Warning: Tiller is already installed in the cluster.\n(Use --client-only to suppress this "
            "message, or --upgrade to upgrade Tiller to the current version.)"
        )
    text = json.dumps({"apiVersion": "v1", "kind": "List", "items": documents})
    kubectl.run("apply", "--server-side", "--force-conflicts", "-f", "-", stdin=text)
    if present:
        return "\nTiller (the Helm server-side component) has been updated to the current version."
    return "\nTiller (the Helm server-side component) has been installed into your Kubernetes Cluster."


def remove(kubectl: Kubectl) -> str:
    """Removes both; returns the output of ``helm reset``."""
    kinds = ("deployment", "service")
    names = [f"{kind}/tiller-deploy" for kind in kinds]
    kubectl.run("delete", *names, "-n", NAMESPACE, "--ignore-not-found")
    return "Tiller (the Helm server-side component) has been uninstalled from your Kubernetes Cluster."


def find(kubectl: Kubectl) -> Tiller:
    """Returns the cluster's Tiller, with the permissions of its pod's service account.

    Raises:
        Helm2Error: There is no pod, or none is ready.
    """
    pods = kubectl.items("pods", NAMESPACE, _SELECTOR)
    if not pods:
        raise Helm2Error("could not find tiller")
    ready = [pod for pod in pods if _is_ready(pod)]
    if not ready:
        raise Helm2Error("could not find a ready tiller pod")
    spec = ready[0]["spec"]
    acting = Kubectl(f"system:serviceaccount:{NAMESPACE}:{spec.get('serviceAccountName', 'default')}")
    container = spec["containers"][0]
    words = [*container.get("command", []), *container.get("args", [])]
    kind = "secrets" if "--storage=secret" in words else "configmaps"
    return Tiller(acting, Storage(acting, kind), container["image"].rpartition(":")[2])


def _is_ready(pod: Object) -> bool:
    status: dict[str, Any] = pod.get("status", {})
    conditions = status.get("conditions", [])
    ready = any(item["type"] == "Ready" and item["status"] == "True" for item in conditions)
    return ready and status.get("phase") == "Running" and "deletionTimestamp" not in pod["metadata"]


def _deployment(account: str, image: str, history: int) -> Object:
    container = {
        "name": "tiller",
        "image": image,
        "imagePullPolicy": "IfNotPresent",
        "ports": [{"containerPort": 44134, "name": "tiller"}, {"containerPort": 44135, "name": "http"}],
        "env": [
            {"name": "TILLER_NAMESPACE", "value": NAMESPACE},
            {"name": "TILLER_HISTORY_MAX", "value": str(history)},
        ],
        "livenessProbe": {"httpGet": {"path": "/liveness", "port": 44135}, "initialDelaySeconds": 1},
        "readinessProbe": {"httpGet": {"path": "/readiness", "port": 44135}, "initialDelaySeconds": 1},
    }
    pod: Object = {"automountServiceAccountToken": True, "containers": [container]}
    if account:
        pod["serviceAccountName"] = account
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "tiller-deploy", "namespace": NAMESPACE, "labels": _LABELS},
        "spec": {
            "replicas": 1,
            "selector": {"matchLabels": _LABELS},
            "template": {"metadata": {"labels": _LABELS}, "spec": pod},
        },
    }


def _service() -> Object:
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "tiller-deploy", "namespace": NAMESPACE, "labels": _LABELS},
        "spec": {
            "type": "ClusterIP",
            "ports": [{"name": "tiller", "port": 44134, "targetPort": "tiller"}],
            "selector": _LABELS,
        },
    }
