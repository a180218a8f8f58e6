"""What several simulators read from objects of a cluster, and what a kubelet writes about a pod."""

from __future__ import annotations

import datetime

from lab.cluster.api import KubernetesApi, Object


def is_ready(item: Object) -> bool:
    """Whether the condition Ready of a node or a pod is true."""
    conditions = item.get("status", {}).get("conditions") or []
    return any(entry["type"] == "Ready" and entry["status"] == "True" for entry in conditions)


def path_of(pod: Object) -> str:
    """Returns the pod's path in the API."""
    metadata = pod["metadata"]
    return f"/api/v1/namespaces/{metadata['namespace']}/pods/{metadata['name']}"


def load_balancer_ips(item: Object) -> list[str]:
    """Returns the load balancer's addresses in the status of a Service or an Ingress."""
    entries = item.get("status", {}).get("loadBalancer", {}).get("ingress") or []
    return [entry["ip"] for entry in entries if "ip" in entry]


def waiting(pod: Object) -> str:
    """Returns the reason why the pod's first container waits; empty if it does not."""
    statuses = pod.get("status", {}).get("containerStatuses") or [{}]
    state = (statuses[0].get("state") or {}).get("waiting") or {}
    return str(state.get("reason") or "")


async def show_waiting(api: KubernetesApi, pod: Object, reason: str, message: str = "") -> None:
    """Sets why the pod's containers wait."""
    state = {"waiting": {"reason": reason, **({"message": message} if message else {})}}
    statuses = [{**status, "state": state} for status in pod["status"]["containerStatuses"]]
    await api.patch(f"{path_of(pod)}/status", {"status": {"containerStatuses": statuses}})


async def report(api: KubernetesApi, pod: Object, suffix: str, reason: str, message: str) -> bool:
    """Writes a kubelet's warning as an event; returns False if the one with this suffix exists already."""
    metadata = pod["metadata"]
    now = datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    named = {key: metadata[key] for key in ("name", "namespace", "uid")}
    event: Object = {
        "metadata": {"name": f"{metadata['name']}.{suffix}", "namespace": metadata["namespace"]},
        "involvedObject": {"apiVersion": "v1", "kind": "Pod", **named},
        "type": "Warning",
        "reason": reason,
        "message": message,
        "source": {"component": "kubelet", "host": pod["spec"]["nodeName"]},
        "firstTimestamp": now,
        "lastTimestamp": now,
        "count": 1,
    }
    return await api.create(f"/api/v1/namespaces/{metadata['namespace']}/events", event)
