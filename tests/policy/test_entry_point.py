"""Ways round the gate, through the pack's own gRPC entry point: each request is one that the engine sends."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from pulumi.runtime.proto import analyzer_pb2, analyzer_pb2_grpc

from domain import type_tokens as kinds
from tests.policy import fuzz, odd
from tests.policy.judging import UNKNOWN, Resource

CLUSTERS = ["rancher2:index/cluster:Cluster", "rancher2:index/clusterV2:ClusterV2"]
OBJECTS = ["management.cattle.io/v3", "provisioning.cattle.io/v1", "fleet.cattle.io/v1alpha1"]


@pytest.fixture(scope="module")
def stub() -> Iterator[analyzer_pb2_grpc.AnalyzerStub]:
    with fuzz.pack() as started:
        yield started


def judged(
    stub: analyzer_pb2_grpc.AnalyzerStub, resources: Sequence[Resource], **settings: Any
) -> list[tuple[int, str]]:
    """Level and message of each finding about a stack."""
    fuzz.configure(stub, pod_network_stack=settings)
    request = analyzer_pb2.AnalyzeStackRequest(
        resources=[fuzz.made(kind, props, n) for kind, n, props in resources]
    )
    return [
        (item.enforcementLevel, item.message) for item in stub.AnalyzeStack(request, timeout=60).diagnostics
    ]


def refusal(found: list[tuple[int, str]]) -> str:
    """The messages, each mandatory."""
    assert found
    assert {level for level, _ in found} == {analyzer_pb2.MANDATORY}
    return "\n".join(message for _, message in found)


def many(kind: str, count: int) -> list[Resource]:
    return [(kind, f"r-{index}", {}) for index in range(count)]


@pytest.mark.parametrize("kind", [*CLUSTERS, *(f"kubernetes:{group}:Cluster" for group in OBJECTS)])
def test_d1_d2_a_hundred_clusters_are_a_hundred_sites(
    stub: analyzer_pb2_grpc.AnalyzerStub, kind: str
) -> None:
    assert "creates 100 imported clusters, but the figures" in refusal(judged(stub, many(kind, 100)))
    share = {"fuzz/test": {"importedClusters": 52}}
    config: dict[str, Any] = {"figures": odd.figures(0), "shares": share}
    assert "imports 100 clusters, but only 52 fit: 48 too many" in refusal(
        judged(stub, many(kind, 100), **config)
    )
    assert judged(stub, many(kind, 52), **config) == []


def test_d3_a_chart_whose_namespaces_a_preview_does_not_show(stub: analyzer_pb2_grpc.AnalyzerStub) -> None:
    release: Resource = (kinds.RELEASE, "tools", {"chart": "tools", "resourceNames": UNKNOWN})
    assert "a preview does not show which namespaces" in refusal(judged(stub, [release]))
    assert judged(stub, [release], unseenNamespaces={"tools": 0}) == []
    assert "creates 2 namespaces" in refusal(judged(stub, [release], unseenNamespaces={"tools": 2}))


def test_d4_two_stacks_do_not_share_one_namespace(stub: analyzer_pb2_grpc.AnalyzerStub) -> None:
    namespace: Resource = (kinds.NAMESPACE, "a", {"metadata": {"name": "a"}})
    config: dict[str, Any] = {"figures": odd.figures(0, applications=1)}
    assert "has no share of the plan" in refusal(judged(stub, [namespace], **config))
    both = {"fuzz/test": {"applications": 1}, "fuzz/other": {"applications": 1}}
    assert "add up to 2 namespaces" in refusal(judged(stub, [namespace], **config, shares=both))
    assert judged(stub, [namespace], **config, shares={"fuzz/test": {"applications": 1}}) == []


def test_d5_a_wrong_type_is_a_finding_and_hides_none(stub: analyzer_pb2_grpc.AnalyzerStub) -> None:
    wrong: Resource = (kinds.NAMESPACE, "a", {"metadata": {"name": 5.0}})
    found = refusal(judged(stub, [wrong, *many(CLUSTERS[0], 3)]))
    assert "metadata.name: must be a text" in found
    assert "creates 1 namespaces, 3 imported clusters" in found


def test_d6_a_command_passes_since_a_preview_cannot_see_what_it_does(
    stub: analyzer_pb2_grpc.AnalyzerStub,
) -> None:
    command: Resource = ("command:local:Command", "apply", {"create": "kubectl create namespace a"})
    assert judged(stub, [command]) == []
