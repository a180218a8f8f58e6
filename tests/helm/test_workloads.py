"""What is ready, and why the rest is not."""

from __future__ import annotations

from typing import Any

from components.helm.workloads import diagnose, find
from components.kubernetes.api import Kubernetes
from domain.workloads import Workload
from tests.domain.test_workloads import GOOD, workload
from tests.kubernetes_api import NAMESPACE, RELEASE_MARKS, FakeApi


def test_only_the_release_own_workloads_are_found(api: FakeApi, kubernetes: Kubernetes) -> None:
    api.add("apis/apps/v1/deployments", "backend", metadata={"annotations": RELEASE_MARKS})
    api.add("apis/apps/v1/daemonsets", "controller", metadata={"annotations": RELEASE_MARKS})
    other = {**RELEASE_MARKS, "meta.helm.sh/release-name": "rancher"}
    api.add("apis/apps/v1/deployments", "rancher", metadata={"annotations": other})
    api.add("apis/apps/v1/deployments", "by-hand")
    found = find(kubernetes, NAMESPACE, "nginx")
    assert {(item.kind, item.name) for item in found} == {
        ("Deployment", "backend"),
        ("DaemonSet", "controller"),
    }


def pod(api: FakeApi, name: str, **status: Any) -> None:
    api.add("api/v1/pods", name, metadata={"labels": {"app": "nginx"}}, status=status)


def event(api: FakeApi, about: str, message: str, time: str, kind: str = "Warning") -> None:
    api.add(
        "api/v1/events",
        f"{about}.{time}",
        type=kind,
        reason="Failed",
        message=message,
        lastTimestamp=time,
        involvedObject={"name": about},
    )


def diagnosis(kubernetes: Kubernetes, item: Workload) -> str:
    return "\n".join(diagnose(kubernetes, NAMESPACE, [item]))


NOT_READY = workload(
    "Deployment",
    {"replicas": 3},
    conditions=[
        {
            "type": "Available",
            "status": "False",
            "reason": "MinimumReplicasUnavailable",
            "message": "too few",
        },
        {"type": "Progressing", "status": "True"},
        {"type": "ReplicaFailure", "status": "True", "reason": "FailedCreate", "message": "exceeded quota"},
    ],
)


def test_conditions_of_the_workload(api: FakeApi, kubernetes: Kubernetes) -> None:
    event(api, "x", "no room", "2026-01-01T00:00:00Z")
    text = diagnosis(kubernetes, NOT_READY)
    assert text.startswith("Deployment x: 0 of 3 available; ")
    for part in (
        "Available (MinimumReplicasUnavailable: too few)",
        "ReplicaFailure (FailedCreate: exceeded quota)",
        "event (Failed: no room)",
        "it has no pods",
    ):
        assert part in text
    assert "Progressing" not in text


def test_pods_and_their_containers(api: FakeApi, kubernetes: Kubernetes) -> None:
    unschedulable = {
        "type": "PodScheduled",
        "status": "False",
        "reason": "Unschedulable",
        "message": "0/3 nodes are available",
    }
    pod(api, "a", phase="Pending", conditions=[unschedulable])
    image = {"waiting": {"reason": "ImagePullBackOff", "message": "not found"}}
    pod(api, "b", phase="Pending", containerStatuses=[{"name": "main", "state": image}])
    crashed = {"waiting": {"reason": "CrashLoopBackOff"}}
    last = {"terminated": {"exitCode": 2, "reason": "Error", "message": "no CA"}}
    pod(
        api,
        "c",
        phase="Running",
        containerStatuses=[{"name": "main", "state": crashed, "lastState": last, "restartCount": 4}],
    )
    pod(
        api,
        "d",
        phase="Running",
        containerStatuses=[{"name": "main", "state": {"running": {}}, "ready": False}],
    )
    pod(api, "e", phase="Failed", reason="Evicted", message="low on memory")
    pod(api, "fine", phase="Running", conditions=[{"type": "Ready", "status": "True"}])
    lines = diagnosis(kubernetes, NOT_READY).splitlines()
    assert "  Pod a: Pending; PodScheduled is False (Unschedulable: 0/3 nodes are available)" in lines
    assert "  Pod b: Pending; container main waiting (ImagePullBackOff: not found)" in lines
    assert (
        "  Pod c: Running; container main waiting after 4 restarts (CrashLoopBackOff); "
        "it last terminated with exit code 2 (Error: no CA)" in lines
    )
    assert "  Pod d: Running; container main runs but its readiness probe fails" in lines
    assert "  Pod e: Failed; Evicted; low on memory" in lines
    assert not any("fine" in line for line in lines)


def test_the_last_warnings_count_and_lists_are_short(api: FakeApi, kubernetes: Kubernetes) -> None:
    for number in range(8):
        pod(api, f"p{number}", phase="Pending")
    for hour in range(6):
        event(api, "p0", f"event {hour}", f"2026-01-01T0{hour}:00:00Z")
    event(api, "p0", "event 5", "2026-01-01T07:00:00Z")
    event(api, "p0", "pulled", "2026-01-01T08:00:00Z", kind="Normal")
    text = diagnosis(kubernetes, NOT_READY)
    assert (
        "Pod p0: Pending; event (Failed: event 5); event (Failed: event 4); event (Failed: event 3)\n" in text
    )
    assert text.endswith("and 3 more pods")


def test_what_ncp_could_not_realise(api: FakeApi, kubernetes: Kubernetes) -> None:
    annotations = {"ncp/error.subnet": "NAMESPACE_SUBNET_UNREALIZED", "other": "x"}
    api.objects[f"/api/v1/namespaces/{NAMESPACE}"] = {"metadata": {"annotations": annotations}}
    text = diagnosis(kubernetes, NOT_READY)
    assert text.startswith(f"Namespace {NAMESPACE}: NCP: ncp/error.subnet: NAMESPACE_SUBNET_UNREALIZED\n")


def test_what_is_ready_is_not_named(kubernetes: Kubernetes) -> None:
    assert diagnosis(kubernetes, workload("Deployment", {"replicas": 3}, **GOOD)) == ""
