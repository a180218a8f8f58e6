"""Foundation preflight: the dynamic provider against the fake CLI."""

from __future__ import annotations

import logging
from typing import Any

import pytest

from components.preflight import PreflightProvider
from components.runtime.errors import ProviderError
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


def ordered(foundation: FakeFoundation, **changes: Any) -> dict[str, Any]:
    """The state of a stack that was killed after PKS took its orders, and before it wrote them down."""
    wanted = {"foundation": {**FOUNDATION, **changes}}
    known = foundation.configured(PreflightProvider).create(wanted).outs
    assert known is not None
    with foundation.change() as state:
        state["network_profiles"] = [{"name": "lb-medium", "parameters": {"lb_size": "medium"}}]
        state["clusters"] = [live(last_action_state="in progress", network_profile_name="lb-medium", polls=3)]
    return known


def delete(foundation: FakeFoundation, known: dict[str, Any]) -> dict[str, Any]:
    foundation.configured(PreflightProvider).delete("preflight", known)
    return foundation.state()


def test_r3_what_a_killed_update_has_ordered_goes_with_the_stack(foundation: FakeFoundation) -> None:
    known = ordered(foundation)
    assert known["vacant"] == {"foundation": ["cluster c", "network profile lb-medium"]}
    provider = foundation.configured(PreflightProvider)
    assert not provider.diff("preflight", known, {"foundation": FOUNDATION}).changes
    after = delete(foundation, known)
    assert (after["clusters"], after["network_profiles"]) == ([], [])
    delete(foundation, known)  # nothing is left


def test_r3_a_half_deleted_one_too(foundation: FakeFoundation) -> None:
    known = ordered(foundation)
    with foundation.change() as state:
        state["clusters"][0]["last_action"] = "DELETE"
    assert delete(foundation, known)["clusters"] == []


@pytest.mark.parametrize("of_another", ["a cluster before", "another plan", "upgraded since", "an old state"])
def test_r3_a_cluster_that_may_be_another_s_is_refused_with_what_to_do(
    foundation: FakeFoundation, of_another: str
) -> None:
    if of_another == "a cluster before":
        with foundation.change() as state:
            state["clusters"] = [live()]
    known = ordered(foundation)
    with foundation.change() as state:
        if of_another == "another plan":
            state["clusters"][0]["plan_name"] = "small"
        if of_another == "upgraded since":
            state["clusters"][0] |= {"last_action": "UPGRADE", "last_action_state": "succeeded"}
    if of_another == "an old state":
        del known["vacant"]
    with pytest.raises(ProviderError, match=r"`pks delete-cluster c`.*`pulumi destroy` again.*state delete"):
        delete(foundation, known)
    assert len(foundation.state()["clusters"]) == 1


def test_r3_a_profile_that_was_there_or_is_used_stays(foundation: FakeFoundation) -> None:
    known = ordered(foundation)
    with foundation.change() as state:
        state["clusters"].append(live("other", network_profile_name="lb-medium"))
    assert [item["name"] for item in delete(foundation, known)["network_profiles"]] == ["lb-medium"]
    with foundation.change() as state:
        state["clusters"] = []
    known["vacant"] = {"foundation": ["cluster c"]}
    assert len(delete(foundation, known)["network_profiles"]) == 1
