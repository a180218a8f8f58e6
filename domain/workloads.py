"""Workloads of a Helm release: whether they are ready, and if not, why."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Object = dict[str, Any]
"""A Kubernetes object as JSON."""

KINDS = {"Deployment": "deployments", "DaemonSet": "daemonsets", "StatefulSet": "statefulsets"}
"""Kinds of workloads, with their names in the API."""
_NCP_ERRORS = "ncp/error"
_EVENTS, _PODS = 3, 5
"""Limits of a diagnosis: events per object, pods per workload."""


@dataclass(frozen=True)
class Workload:
    """A Deployment, DaemonSet or StatefulSet as last read from the API."""

    kind: str
    object: Object

    @property
    def name(self) -> str:
        """Name of the object."""
        return str(self.object["metadata"]["name"])

    @property
    def selector(self) -> str:
        """Label selector of its pods."""
        labels: Mapping[str, str] = (self._spec.get("selector") or {}).get("matchLabels") or {}
        return ",".join(f"{key}={value}" for key, value in labels.items())

    @property
    def _spec(self) -> Mapping[str, Any]:
        return self.object.get("spec") or {}

    def counts(self) -> tuple[int, int]:
        """Returns the number of pods that are up to date and available, and the number desired."""
        status: Mapping[str, Any] = self.object.get("status") or {}
        if self.kind == "DaemonSet":
            wanted = int(status.get("desiredNumberScheduled", 0))
            current, available = status.get("updatedNumberScheduled", 0), status.get("numberAvailable", 0)
        else:
            wanted = int(self._spec.get("replicas", 1))
            current = status.get("updatedReplicas", 0)
            available = status.get("availableReplicas", status.get("readyReplicas", 0))
        return min(int(current), int(available)), wanted

    @property
    def is_ready(self) -> bool:
        """Whether all pods of the latest revision are available and no older pods are left."""
        status: Mapping[str, Any] = self.object.get("status") or {}
        seen = status.get("observedGeneration", 0) >= self.object["metadata"].get("generation", 1)
        available, wanted = self.counts()
        left = status.get("replicas", 0) - wanted if self.kind != "DaemonSet" else 0
        # A DaemonSet without a matching node serves nothing.
        return seen and available >= wanted and left <= 0 and (wanted > 0 or self.kind != "DaemonSet")

    def __str__(self) -> str:
        available, wanted = self.counts()
        if self.kind == "DaemonSet" and not wanted:
            return f"DaemonSet {self.name}: no node matches its pods"
        return f"{self.kind} {self.name}: {available} of {wanted} available"


def owner(namespace: str, release: str) -> dict[str, str]:
    """Returns Helm's ownership annotations of a release."""
    return {"meta.helm.sh/release-name": release, "meta.helm.sh/release-namespace": namespace}


def owned_by(item: Object, namespace: str, release: str) -> bool:
    """Returns whether Helm's ownership annotations name the release."""
    return owner(namespace, release).items() <= (item["metadata"].get("annotations") or {}).items()


def explain(workload: Workload, pods: Sequence[Object], warnings: Mapping[str, list[str]]) -> list[str]:
    """Returns why a workload is not ready, as lines.

    Args:
        workload: It.
        pods: Its pods.
        warnings: Events by object name; see ``by_object``.
    """
    conditions = _conditions(workload.object)
    lines = ["; ".join([str(workload), *conditions, *warnings.get(workload.name, [])])]
    waiting = [pod for pod in pods if not _is_pod_ready(pod)]
    lines += [f"  {_pod(pod, warnings)}" for pod in waiting[:_PODS]]
    if len(waiting) > _PODS:
        lines.append(f"  and {len(waiting) - _PODS} more pods")
    if not pods:
        lines.append("  it has no pods")
    return lines


def _pod(pod: Object, events: Mapping[str, list[str]]) -> str:
    """Describes a pod that is not ready."""
    name = pod["metadata"]["name"]
    status = pod.get("status") or {}
    reasons = [
        str(part) for part in (status.get("phase"), status.get("reason"), status.get("message")) if part
    ]
    reasons += [
        _reason(f"{item['type']} is {item['status']}", item)
        for item in status.get("conditions") or []
        if item["status"] != "True" and (item.get("reason") not in (None, "ContainersNotReady"))
    ]
    containers = [*(status.get("initContainerStatuses") or []), *(status.get("containerStatuses") or [])]
    reasons += [text for container in containers for text in _container(container)]
    return f"Pod {name}: {'; '.join([*reasons, *events.get(name, [])])}"


def _container(status: Object) -> Iterator[str]:
    """Yields the reasons why a container is not ready, including how it last terminated."""
    restarts = f" after {status['restartCount']} restarts" if status.get("restartCount") else ""
    for state, detail in (status.get("state") or {}).items():
        if state == "running" and not status.get("ready"):
            yield f"container {status['name']} runs{restarts} but its readiness probe fails"
        elif state == "waiting" or (state == "terminated" and detail.get("exitCode")):
            yield _reason(f"container {status['name']} {state}{restarts}", detail)
    ended = (status.get("lastState") or {}).get("terminated")
    if ended:
        yield _reason(f"it last terminated with exit code {ended.get('exitCode')}", ended)


def _conditions(item: Object) -> Iterator[str]:
    """Yields the conditions that report a problem."""
    for condition in (item.get("status") or {}).get("conditions") or []:
        bad = "True" if condition["type"] == "ReplicaFailure" else "False"
        if condition["status"] == bad:
            yield _reason(str(condition["type"]), condition)


def ncp_errors(item: Object) -> Iterator[str]:
    """Yields NCP's errors about NSX-T objects that it could not create (docs-pks 1.7 `nsxt-health`)."""
    for key, value in ((item.get("metadata") or {}).get("annotations") or {}).items():
        if key.startswith(_NCP_ERRORS):
            yield f"NCP: {key}: {value}"


def by_object(events: Iterable[Object]) -> dict[str, list[str]]:
    """Returns the latest events by object name."""
    found: dict[str, list[str]] = {}

    def time(event: Object) -> str:
        return str(
            event.get("lastTimestamp") or event.get("eventTime") or event["metadata"].get("creationTimestamp")
        )

    for event in sorted(events, key=time, reverse=True):
        texts = found.setdefault((event.get("involvedObject") or {}).get("name") or "", [])
        text = _reason("event", event)
        if len(texts) < _EVENTS and text not in texts:
            texts.append(text)
    return found


def _is_pod_ready(pod: Object) -> bool:
    conditions = (pod.get("status") or {}).get("conditions") or []
    return any(item["type"] == "Ready" and item["status"] == "True" for item in conditions)


def _reason(what: str, detail: Object) -> str:
    words = ": ".join(str(detail[key]).strip() for key in ("reason", "message") if detail.get(key))
    return f"{what} ({words})" if words else what
