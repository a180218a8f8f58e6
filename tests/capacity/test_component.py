"""``CapacityPlan``: known figures at preview, live where NSX-T answers."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pulumi
import pytest

from capacity.model.figures import from_document, to_document
from capacity.model.plan import CapacityError
from components.capacity import pod_network
from components.capacity.nsx import Access, NsxError, Reading
from components.capacity.pod_network import CapacityPlan, CapacityPlanArgs, PodNetworkProvider
from components.kubernetes import api as kube
from tests.capacity.test_model import POD_BLOCK, plan
from tests.mocks import RecordingMocks, with_engine

KIND = "pulumi-python:dynamic/capacity:PodNetwork"
ACCESS = Access("nsx.test", "auditor", "password")


@with_engine
def test_configured_figures_say_how_old_they_are(caplog: pytest.LogCaptureFixture) -> pulumi.Output[None]:
    caplog.set_level("INFO")
    mocks = RecordingMocks()
    made = CapacityPlan("capacity", CapacityPlanArgs(plan=plan(imports=40), measured_at="2026-11-01"))

    def check(summary: Any) -> None:
        assert (summary["capacity"], summary["used"], summary["planned"], summary["headroom"]) == (
            256,
            0,
            180,
            76,
        )
        assert (summary["importedClusters"], summary["maxImportedClusters"]) == (40, 59)
        inputs = mocks.inputs(KIND, "capacity-figures")
        assert inputs["source"] == "configured"
        assert from_document(inputs["figures"]) == from_document(summary["figures"]) == plan(imports=40)
        assert "judged with the configured figures, of 2026-11-01 (" in caplog.text
        assert "NSX-T is not read" in caplog.text

    return made.ready.urn.apply(lambda _: check(made.summary))


@with_engine
def test_live_figures_leave_out_the_clusters_own(monkeypatch: pytest.MonkeyPatch) -> pulumi.Output[None]:
    asked: list[object] = []

    def read(access: Access, network: Any, cluster: str | None, pools: Any) -> Reading:
        asked.append((access, cluster, tuple(pools)))
        return Reading(plan(prefix=25).network, 3)

    monkeypatch.setattr(pod_network, "read", read)
    monkeypatch.setattr(pod_network, "_own_cluster", lambda: "u")
    mocks = RecordingMocks()
    made = CapacityPlan("capacity", CapacityPlanArgs(plan=plan(), access=ACCESS, pools=("p",)))

    def check(summary: Any) -> None:
        assert asked == [(ACCESS, "u", ("p",))]
        assert summary["capacity"] == 512
        assert mocks.inputs(KIND, "capacity-figures")["source"] == "nsx-t"

    return made.ready.urn.apply(lambda _: check(made.summary))


@with_engine
def test_a_manager_that_does_not_answer_is_told(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> pulumi.Output[None]:
    def read(*_: object) -> Reading:
        raise NsxError("NSX-T manager nsx.test: timed out")

    monkeypatch.setattr(pod_network, "read", read)
    monkeypatch.setattr(pod_network, "_own_cluster", lambda: None)
    RecordingMocks()
    made = CapacityPlan("capacity", CapacityPlanArgs(plan=plan(), access=ACCESS))

    def check(summary: Any) -> None:
        assert summary["capacity"] == 256
        assert "judged with the configured figures, of unknown age" in caplog.text
        assert "since NSX-T could not be read: NSX-T manager nsx.test: timed out" in caplog.text

    return made.ready.urn.apply(lambda _: check(made.summary))


def test_a_limit_that_is_passed_already_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    def read(*_: object) -> Reading:
        raise CapacityError("tier1Limit: 120 are said to be used, but it holds only 99; correct either")

    monkeypatch.setattr(pod_network, "read", read)
    monkeypatch.setattr(pod_network, "_own_cluster", lambda: None)
    with pytest.raises(pulumi.RunError, match=r"podNetwork, against NSX-T .* tier1Limit: 120"):
        CapacityPlan("capacity", CapacityPlanArgs(plan=plan(), access=ACCESS))


def test_what_others_do_is_no_change_of_ours() -> None:
    provider = PodNetworkProvider()
    busy = replace(plan().network, blocks=(replace(POD_BLOCK, subnets_used=9),), tier1_used=3)
    now, later = (to_document(item) for item in (plan(), replace(plan(), network=busy)))
    live = {"figures": now, "source": "nsx-t", "measured_at": ""}
    assert not provider.diff("id", live, {**live, "figures": later}).changes
    assert provider.diff("id", live, {**live, "figures": to_document(plan(imports=1))}).changes
    configured = {**live, "source": "configured"}
    assert provider.diff("id", live, configured).changes
    assert provider.diff("id", configured, {**configured, "figures": later}).changes
    assert not provider.diff("id", configured, dict(configured)).changes
    foreign = {**live, "figures": {"format": "of another release"}}
    assert provider.diff("id", foreign, live).changes


class _Cluster:
    def __init__(self, lists: dict[str, list[dict[str, Any]]]) -> None:
        self.lists = lists

    def __enter__(self) -> _Cluster:
        return self

    def __exit__(self, *_: object) -> None: ...

    def list(self, path: str) -> list[dict[str, Any]]:
        return self.lists.get(path, [])


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What the user is told; there is no engine to tell it to."""
    lines: list[str] = []
    for level in ("info", "warn"):
        monkeypatch.setattr(pulumi.log, level, lines.append)
    return lines


def test_what_ncp_could_not_realise_is_told(monkeypatch: pytest.MonkeyPatch, told: list[str]) -> None:
    spec = {"error-object-type": "namespaces", "error-object-name": "c-x", "message": ["exhausted"]}
    lists: dict[str, list[dict[str, Any]]] = {
        "/apis/vmware.eng.com/v1/nsxerrors": [{"spec": spec}],
        "/api/v1/namespaces": [{}, {}],
    }
    monkeypatch.setattr(kube, "client", lambda _: _Cluster(lists))
    assert pod_network._tell_errors("kubeconfig")
    assert told == [
        "pod network: the cluster has 2 namespaces now",
        "NSX-T does not realise namespaces c-x: exhausted",
    ]


def test_many_errors_are_summed_up(monkeypatch: pytest.MonkeyPatch, told: list[str]) -> None:
    errors = [{"spec": {"error-object-name": f"n{number}", "message": "one text"}} for number in range(7)]
    monkeypatch.setattr(kube, "client", lambda _: _Cluster({"/apis/nsx.vmware.com/v1/nsxerrors": errors}))
    assert pod_network._tell_errors("kubeconfig")
    assert told[1] == "NSX-T does not realise object n0: one text"
    assert told[-1] == "and 2 more NSXErrors: see `kubectl get nsxerrors`"


def test_a_cluster_that_does_not_answer_stops_nothing(
    monkeypatch: pytest.MonkeyPatch, told: list[str]
) -> None:
    def unreachable(_: str) -> None:
        raise kube.UnreachableError(0, "no answer")

    monkeypatch.setattr(kube, "client", unreachable)
    assert not pod_network._tell_errors("kubeconfig")
    assert told == ["pod network: the cluster's namespaces and NSXErrors are not known: no answer"]


@pytest.mark.parametrize("half_written", [0, 3])
def test_own_outputs_are_read_again_while_the_engine_writes_them(
    monkeypatch: pytest.MonkeyPatch, half_written: int
) -> None:
    failures = ["... returned an error: failed to load checkpoint: EOF"] * half_written

    def invoke(*_: object) -> Any:
        if failures:
            raise Exception(failures.pop())  # noqa: TRY002 - the SDK raises no narrower one
        return SimpleNamespace(value={"outputs": {"clusterUuid": "u"}})

    monkeypatch.setattr(pulumi.runtime, "invoke", invoke)
    assert pod_network._own_cluster() == "u"


def test_other_failures_to_read_own_outputs_are_told_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[object] = []

    def invoke(*arguments: object) -> Any:
        calls.append(arguments)
        raise Exception("access denied")  # noqa: TRY002

    monkeypatch.setattr(pulumi.runtime, "invoke", invoke)
    with pytest.raises(Exception, match="access denied"):
        pod_network._own_cluster()
    assert len(calls) == 1
