"""Foundation preflight: the dynamic provider against the fake CLI."""

from __future__ import annotations

import logging
from typing import Any

import pytest

from tests.pks.conftest import FakeFoundation, live
from tests.preflight import found as findings

FOUNDATION: dict[str, Any] = {
    "plan": "rancher",
    "masters": 3,
    "workers": 3,
    "privileged": True,
    "name": "c",
    "external_hostname": "c.test",
    "network_profile": "lb-medium",
    "network_profile_parameters": {"lb_size": "medium"},
    "compute_profile": "",
    "node_pool_instances": {},
    "kubernetes_version": "1.28",
    "check_kubernetes": True,
}


def problems(foundation: FakeFoundation, olds: dict[str, Any], **changes: Any) -> list[str]:
    return findings("foundation", {**FOUNDATION, **changes}, olds, pksCli=str(foundation.executable))


def test_foundation_asks_four_times_and_not_at_all_without_a_change(foundation: FakeFoundation) -> None:
    assert problems(foundation, {}) == []
    assert sorted(foundation.commands()) == ["clusters", "login", "network-profiles", "plans"]
    assert problems(foundation, FOUNDATION) == []
    assert foundation.commands() == []


def test_foundation_reports_everything_at_once(foundation: FakeFoundation) -> None:
    with foundation.change() as state:
        state["network_profiles"] = [{"name": "lb-medium", "parameters": {"lb_size": "small"}}]
        state["clusters"] = [
            live("other", parameters={"kubernetes_master_host": "c.test"}),
            live(last_action_state="error", last_action_description="Instance provisioning failed: boom"),
        ]
    found = problems(foundation, {}, plan="small", compute_profile="gold")
    assert [text.split(":")[0] for text in found] == [
        "masters",
        "workers",
        "privileged",
        "network_profile",
        "compute_profile",
        "external_hostname",
        *["plan", "network_profile", "compute_profile", "name"],
    ]
    text = "\n".join(found)
    assert "plan 'small' has master_instances 1, not 3" in text
    assert "exists with other parameters: {'lb_size': 'small'}. Choose another name" in text
    assert "external hostname of cluster 'other'" in text
    assert "has failed (CREATE, error, Instance provisioning failed: boom)" in text


def test_foundation_names_the_plans_there_are(foundation: FakeFoundation) -> None:
    [found] = problems(foundation, {}, plan="gone")
    assert found.startswith("plan: there is no plan 'gone'; PKS has rancher, small. Choose one of these")


def test_foundation_lets_its_own_cluster_change(foundation: FakeFoundation) -> None:
    with foundation.change() as state:
        state["clusters"] = [live(network_profile_name="lb-small")]
    assert problems(foundation, {**FOUNDATION, "network_profile": "lb-small"}) == []


def test_foundation_turns_a_failing_cli_into_a_clean_failure(
    foundation: FakeFoundation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PKS_PASSWORD", "wrong")
    assert problems(foundation, {})[0].startswith("PKS at pks.test rejected the credentials of 'admin'")


def test_another_kubernetes_version_than_the_foundation_deploys(
    foundation: FakeFoundation, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, "rancher-on-pks"):
        assert problems(foundation, {}, kubernetes_version="1.27") == []
    assert "Kubernetes 1.27 is not compared: no cluster shows what the foundation deploys" in caplog.text
    with foundation.change() as state:
        state["clusters"] = [live("other", pks_version="1.19.2-build.10")]
    [found] = problems(foundation, {}, kubernetes_version="1.27")
    assert found == (
        "kubernetes_version,check_kubernetes: the foundation deploys Kubernetes 1.28 (cluster 'other' of PKS "
        "1.19.2-build.10), not 1.27. Set it to 1.28, or turn this comparison off if PKS was upgraded since"
    )
    assert problems(foundation, {}) == problems(foundation, {}, kubernetes_version="") == []
    assert problems(foundation, {}, kubernetes_version="1.27", check_kubernetes=False) == []
    with foundation.change() as state:  # compared with the cluster itself, elsewhere
        state["clusters"] = [live(pks_version="1.19.2-build.10")]
    assert problems(foundation, FOUNDATION, kubernetes_version="1.27") == []
