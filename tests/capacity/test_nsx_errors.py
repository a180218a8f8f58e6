"""Warnings of what NCP could not create in NSX-T."""

from __future__ import annotations

from typing import Any

import pulumi
import pytest

from components.capacity import nsx_errors
from components.kubernetes import api as kube


class _Cluster:
    def __init__(self, lists: dict[str, list[dict[str, Any]]]) -> None:
        self.lists = lists

    def __enter__(self) -> _Cluster:
        return self

    def __exit__(self, *_: object) -> None: ...

    def list(self, path: str) -> list[dict[str, Any]]:
        return self.lists.get(path, [])


@pytest.fixture
def logged(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Lines of the log; there is no engine to receive them."""
    lines: list[str] = []
    for level in ("info", "warn"):
        monkeypatch.setattr(pulumi.log, level, lines.append)
    return lines


def test_what_ncp_could_not_realise_is_logged(monkeypatch: pytest.MonkeyPatch, logged: list[str]) -> None:
    spec = {"error-object-type": "namespaces", "error-object-name": "c-x", "message": ["exhausted"]}
    lists: dict[str, list[dict[str, Any]]] = {
        "/apis/vmware.eng.com/v1/nsxerrors": [{"spec": spec}],
        "/api/v1/namespaces": [{}, {}],
    }
    monkeypatch.setattr(kube, "client", lambda _: _Cluster(lists))
    assert nsx_errors.report("kubeconfig")
    assert logged == [
        "pod network: the cluster has 2 namespaces now",
        "pod network: NSX-T fails for namespaces c-x: exhausted",
    ]


def test_many_errors_are_summed_up(monkeypatch: pytest.MonkeyPatch, logged: list[str]) -> None:
    messages = ["one text", True, {"a": 1}, 5, ["x"], None, ""]
    errors = [
        {"spec": {"error-object-name": f"n{number}", "message": text}} for number, text in enumerate(messages)
    ]
    monkeypatch.setattr(kube, "client", lambda _: _Cluster({"/apis/nsx.vmware.com/v1/nsxerrors": errors}))
    assert nsx_errors.report("kubeconfig")
    assert logged[1] == "pod network: NSX-T fails for object n0: one text"
    assert logged[-1] == "pod network: 2 more NSXErrors; see `kubectl get nsxerrors`"


def test_a_cluster_that_does_not_answer_stops_nothing(
    monkeypatch: pytest.MonkeyPatch, logged: list[str]
) -> None:
    def unreachable(_: str) -> None:
        raise kube.UnreachableError(0, "no answer")

    monkeypatch.setattr(kube, "client", unreachable)
    assert not nsx_errors.report("kubeconfig")
    assert logged == ["pod network: the cluster's namespaces and NSXErrors are unknown: no answer"]
