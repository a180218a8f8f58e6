"""``CapacityPlan``: known figures at preview, live where NSX-T answers."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pulumi
import pytest

from capacity.model.figures import from_document, to_document
from capacity.model.nsx.reading import Reading
from capacity.model.plan import CapacityError
from components.capacity import component
from components.capacity.component import CapacityPlan, CapacityPlanArgs
from components.capacity.nsx_manager import NsxError
from components.capacity.pod_network import PodNetworkProvider
from domain.credentials import Login
from tests.capacity.test_model import POD_BLOCK, plan
from tests.mocks import RecordingMocks, with_engine

KIND = "pulumi-python:dynamic/capacity:PodNetwork"


@pytest.fixture
def manager(monkeypatch: pytest.MonkeyPatch) -> str:
    """Credentials for a manager, in the environment."""
    for name, value in (("MANAGER", "nsx.test"), ("USERNAME", "auditor"), ("PASSWORD", "password")):
        monkeypatch.setenv(f"NSXT_{name}", value)
    return "nsx.test"


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
        assert "judged by the configured figures, of 2026-11-01 (" in caplog.text
        assert "NSX-T is not read" in caplog.text

    return pulumi.Output.all(made.ready.urn, made.summary).apply(lambda known: check(known[1]))


@pytest.mark.parametrize(
    ("outputs", "ordered"),
    [({"clusterUuid": "u"}, "other"), ({}, "u")],
    ids=["known from the last update", "ordered by an update that was cut off"],
)
@with_engine
def test_live_figures_leave_out_the_clusters_own(
    monkeypatch: pytest.MonkeyPatch, manager: str, outputs: dict[str, str], ordered: str
) -> pulumi.Output[None]:
    asked: list[object] = []

    def read(login: Login, network: Any, cluster: str | None, pools: Any) -> Reading:
        asked.append((login["manager"], login["username"], cluster, tuple(pools)))
        return Reading(plan(prefix=25).network, 3)

    monkeypatch.setattr(component, "read", read)
    monkeypatch.setattr(component, "own_outputs", lambda: outputs)
    mocks = RecordingMocks()
    made = CapacityPlan("capacity", CapacityPlanArgs(plan=plan(), pools=("p",), find_cluster=lambda: ordered))

    def check(summary: Any) -> None:
        assert asked == [(manager, "auditor", "u", ("p",))]
        assert summary["capacity"] == 512
        assert mocks.inputs(KIND, "capacity-figures")["source"] == "nsx-t"

    return pulumi.Output.all(made.ready.urn, made.summary).apply(lambda known: check(known[1]))


@with_engine
def test_a_manager_that_does_not_answer_is_reported(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, manager: str
) -> pulumi.Output[None]:
    def read(*_: object) -> Reading:
        raise NsxError("NSX-T manager nsx.test: timed out")

    monkeypatch.setattr(component, "read", read)
    monkeypatch.setattr(component, "_own_cluster", lambda: None)
    RecordingMocks()
    made = CapacityPlan("capacity", CapacityPlanArgs(plan=plan()))

    def check(summary: Any) -> None:
        assert summary["capacity"] == 256
        assert "judged by the configured figures, of unknown age" in caplog.text
        assert "because NSX-T cannot be read: NSX-T manager nsx.test: timed out" in caplog.text

    return pulumi.Output.all(made.ready.urn, made.summary).apply(lambda known: check(known[1]))


def test_an_exceeded_limit_is_refused(monkeypatch: pytest.MonkeyPatch, manager: str) -> None:
    def read(*_: object) -> Reading:
        raise CapacityError("tier1Limit: 120 are used, but there are only 99")

    monkeypatch.setattr(component, "read", read)
    monkeypatch.setattr(component, "_own_cluster", lambda: None)
    RecordingMocks()

    @with_engine
    def program() -> pulumi.Output[Any]:
        return CapacityPlan("capacity", CapacityPlanArgs(plan=plan())).ready.urn

    with pytest.raises(pulumi.RunError, match=r"pod network, as in NSX-T: tier1Limit: 120"):
        program()


def test_live_use_by_others_is_not_a_change() -> None:
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
