"""When workloads are ready, and which release they are of."""

from __future__ import annotations

from typing import Any

import pytest

from domain.workloads import Workload, owned_by, owner

SELECTOR = {"matchLabels": {"app": "nginx"}}


def workload(kind: str, spec: dict[str, Any] | None = None, generation: int = 1, **status: Any) -> Workload:
    metadata = {"name": "x", "generation": generation}
    return Workload(
        kind, {"metadata": metadata, "spec": {"selector": SELECTOR, **(spec or {})}, "status": status}
    )


GOOD = {
    "observedGeneration": 1,
    "replicas": 3,
    "updatedReplicas": 3,
    "availableReplicas": 3,
    "readyReplicas": 3,
}


@pytest.mark.parametrize(
    ("item", "ready"),
    [
        (workload("Deployment", {"replicas": 3}, **GOOD), True),
        (workload("Deployment", {"replicas": 3}, generation=2, **GOOD), False),
        (workload("Deployment", {"replicas": 3}, **{**GOOD, "availableReplicas": 2}), False),
        (workload("Deployment", {"replicas": 3}, **{**GOOD, "updatedReplicas": 1}), False),
        (workload("Deployment", {"replicas": 3}, **{**GOOD, "replicas": 4}), False),
        (workload("Deployment", {"replicas": 0}, observedGeneration=1), True),
        (workload("Deployment"), False),
        (workload("StatefulSet", {"replicas": 3}, **GOOD), True),
        (workload("DaemonSet", observedGeneration=1), False),
        (
            workload(
                "DaemonSet",
                observedGeneration=1,
                desiredNumberScheduled=3,
                updatedNumberScheduled=3,
                numberAvailable=3,
            ),
            True,
        ),
        (
            workload(
                "DaemonSet",
                observedGeneration=1,
                desiredNumberScheduled=3,
                updatedNumberScheduled=1,
                numberAvailable=3,
            ),
            False,
        ),
    ],
)
def test_ready(item: Workload, *, ready: bool) -> None:
    assert item.is_ready is ready


@pytest.mark.parametrize(
    ("annotations", "expected"),
    [
        ({**owner("cattle-system", "rancher"), "other": "x"}, True),
        (owner("cattle-system", "nginx"), False),
        (owner("default", "rancher"), False),
        ({"meta.helm.sh/release-name": "rancher"}, False),
        (None, False),
    ],
)
def test_release_of_an_object(annotations: dict[str, str] | None, *, expected: bool) -> None:
    assert owned_by({"metadata": {"annotations": annotations}}, "cattle-system", "rancher") is expected
