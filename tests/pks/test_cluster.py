"""Cluster: the dynamic provider against the fake CLI."""

from __future__ import annotations

from typing import Any

import pytest

from components.pks.cluster import ClusterProvider
from components.runtime.errors import ProviderError
from tests.pks.conftest import Clock, FakeFoundation, live

CLUSTER: dict[str, Any] = {
    "name": "c",
    "external_hostname": "c.test",
    "plan": "rancher",
    "workers": 3.0,  # protobuf has no integers
    "network_profile": "",
    "compute_profile": "",
    "node_pool_instances": {},
    "tags": {},
    "timeout_minutes": 60.0,
}


def test_cluster_lives_its_life(foundation: FakeFoundation) -> None:
    provider = foundation.configured(ClusterProvider)
    created = provider.create({**CLUSTER, "network_profile": "lb", "tags": {"b": "", "a": "1"}})
    assert created.outs is not None
    assert created.outs["master_ips"] == ["10.50.0.71"]
    assert created.outs["kubernetes_version"] == "1.28.9"
    assert created.id == created.outs["uuid"]
    order = foundation.argv()[1]
    assert order == [
        *["create-cluster", "c", "--external-hostname", "c.test", "--plan", "rancher"],
        *["--num-nodes", "3", "--network-profile", "lb", "--tags", "a:1,b", "--non-interactive", "--json"],
    ]
    assert provider.read(created.id, created.outs).outs == created.outs
    foundation.commands()

    wanted = {**CLUSTER, "network_profile": "lb", "tags": {"b": "", "a": "1"}, "workers": 5.0}
    updated = provider.update(created.id, created.outs, wanted).outs
    assert updated is not None
    assert (updated["workers"], updated["uuid"]) == (5, created.id)
    assert foundation.argv()[1] == ["update-cluster", "c", "--num-nodes", "5", "--non-interactive", "--json"]

    provider.delete(created.id, updated)
    assert foundation.state()["clusters"] == []
    foundation.commands()
    provider.delete(created.id, updated)
    assert foundation.commands() == ["cluster"]


def test_cluster_half_built_is_waited_for_and_resized(foundation: FakeFoundation) -> None:
    with foundation.change() as state:
        state["clusters"] = [
            live(last_action_state="in progress", polls=3, kubernetes_master_ips=["In Progress"])
        ]
    created = foundation.configured(ClusterProvider).create({**CLUSTER, "workers": 4.0})
    assert created.id == "uuid-c"
    commands = foundation.commands()
    assert commands.index("update-cluster") > commands.index("create-cluster")
    assert created.outs is not None
    assert created.outs["workers"] == 4


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"plan_name": "small"}, "exists with plan 'small', not 'rancher'"),
        ({"network_profile_name": "x"}, "exists with network profile 'x', not ''"),
        ({"parameters": {"kubernetes_master_host": "d.test"}}, "external hostname 'd.test'"),
        ({"last_action_state": "failed"}, "has failed .*pks delete-cluster"),
        ({"last_action": "DELETE", "last_action_state": "in progress", "polls": 9}, "is being deleted"),
    ],
)
def test_cluster_that_does_not_match_is_refused(
    foundation: FakeFoundation, changes: dict[str, Any], message: str
) -> None:
    with foundation.change() as state:
        state["clusters"] = [live(**changes)]
    with pytest.raises(ProviderError, match=message):
        foundation.configured(ClusterProvider).create(dict(CLUSTER))


def test_cluster_failure_tells_state_and_remedy(foundation: FakeFoundation) -> None:
    with foundation.change() as state:
        state["end"] = "error"
    with pytest.raises(ProviderError, match=r"CREATE, error, Instance provisioning.*bosh tasks.*pulumi up"):
        foundation.configured(ClusterProvider).create(dict(CLUSTER))


def test_cluster_timeout_tells_state_and_how_to_resume(foundation: FakeFoundation, clock: Clock) -> None:
    with foundation.change() as state:
        state["polls"] = 10_000
    with pytest.raises(ProviderError, match=r"after 60 minutes; last state: CREATE, in progress.*pulumi up"):
        foundation.configured(ClusterProvider).create(dict(CLUSTER))
    assert len(foundation.commands()) < 200
    assert max(clock.pauses) == 30
    assert clock.now == pytest.approx(3600)


def test_cluster_poll_survives_a_moment_without_api(foundation: FakeFoundation) -> None:
    with foundation.change() as state:
        state["faults"]["cluster"] = ["Error: 503 Service Unavailable"] * 5
    assert foundation.configured(ClusterProvider).create(dict(CLUSTER)).id


def test_cluster_old_success_after_an_order_is_not_believed(foundation: FakeFoundation) -> None:
    """The API may show the state before the order for some polls."""
    provider = foundation.configured(ClusterProvider)
    with foundation.change() as state:
        state["clusters"] = [live()]
        state["polls"] = 1  # each look at the cluster finds the update done
    outs = provider.update("uuid-c", {**CLUSTER, "workers": 3}, {**CLUSTER, "workers": 4}).outs
    assert outs is not None
    assert foundation.commands().count("cluster") >= 4


def test_cluster_read_sees_drift_and_absence(foundation: FakeFoundation) -> None:
    provider = foundation.configured(ClusterProvider)
    with foundation.change() as state:
        state["clusters"] = [live()]
        state["clusters"][0]["parameters"]["kubernetes_worker_instances"] = 7
    read = provider.read("uuid-c", dict(CLUSTER))
    assert read.outs is not None
    assert read.inputs is not None
    assert read.outs["workers"] == read.inputs["workers"] == 7
    assert "uuid" not in read.inputs
    assert provider.read("another-uuid", dict(CLUSTER)).id == ""


def test_cluster_of_the_same_name_but_not_ours_is_not_deleted(foundation: FakeFoundation) -> None:
    with foundation.change() as state:
        state["clusters"] = [live()]
    with pytest.raises(ProviderError, match="somebody deleted it and created it again"):
        foundation.configured(ClusterProvider).delete("another-uuid", dict(CLUSTER))
    assert foundation.commands() == ["login", "cluster"]


@pytest.mark.parametrize(("action", "state_text"), [("UPDATE", "in progress"), ("UPGRADE", "queued")])
def test_a5_deletion_waits_for_the_running_action(
    foundation: FakeFoundation, action: str, state_text: str
) -> None:
    with foundation.change() as state:
        state["clusters"] = [live(last_action=action, last_action_state=state_text, polls=3)]
    foundation.configured(ClusterProvider).delete("uuid-c", dict(CLUSTER))
    assert foundation.state()["clusters"] == []
    commands = foundation.commands()
    assert commands[: commands.index("delete-cluster")] == ["login", "cluster", "cluster", "cluster"]


@pytest.mark.parametrize("state_text", ["in progress", "queued", "pending", "Waiting for approval"])
def test_a5_a_change_waits_for_the_running_action(foundation: FakeFoundation, state_text: str) -> None:
    with foundation.change() as state:
        state["clusters"] = [live(last_action="UPGRADE", last_action_state=state_text, polls=3)]
    provider = foundation.configured(ClusterProvider)
    outs = provider.update("uuid-c", {**CLUSTER, "workers": 3}, {**CLUSTER, "workers": 4}).outs
    assert outs is not None
    assert outs["workers"] == 4
    commands = foundation.commands()
    assert commands.count("update-cluster") == 1
    assert commands[: commands.index("update-cluster")].count("cluster") >= 3


def test_r9_the_advice_after_a_failed_creation_leads_to_a_cluster(foundation: FakeFoundation) -> None:
    provider = foundation.configured(ClusterProvider)
    with foundation.change() as state:
        state["end"] = "failed"
    for _ in range(2):  # a repeated `pulumi up` gives the same advice
        with pytest.raises(ProviderError, match=r"run `pks delete-cluster c`, and run `pulumi up`"):
            provider.create(dict(CLUSTER))
    with foundation.change() as state:
        state["end"], state["clusters"] = "succeeded", []
    assert provider.create(dict(CLUSTER)).id


def test_r9_a_failed_change_is_ordered_again(foundation: FakeFoundation) -> None:
    provider = foundation.configured(ClusterProvider)
    with foundation.change() as state:
        state["clusters"], state["end"] = [live()], "failed"
    old, wanted = {**CLUSTER, "workers": 3}, {**CLUSTER, "workers": 4}
    with pytest.raises(ProviderError, match="run the Pulumi command again"):
        provider.update("uuid-c", old, wanted)
    with foundation.change() as state:
        state["end"] = "succeeded"
    foundation.commands()
    assert provider.update("uuid-c", old, wanted).outs
    assert "update-cluster" in foundation.commands()


@pytest.mark.parametrize(
    ("changes", "replaces"),
    [
        ({}, None),
        ({"workers": 3}, None),
        ({"workers": 4}, []),
        ({"network_profile": "x"}, []),
        ({"tags": {"a": "b"}}, []),
        ({"plan": "small"}, ["plan"]),
        ({"name": "d", "external_hostname": "d.test"}, ["name", "external_hostname"]),
    ],
)
def test_cluster_diff_says_exactly_what_replaces(changes: dict[str, Any], replaces: list[str] | None) -> None:
    result = ClusterProvider().diff("id", {**CLUSTER, "uuid": "id"}, {**CLUSTER, **changes})
    assert result.changes is (replaces is not None)
    assert result.replaces == (replaces or [])


def test_cluster_profile_cannot_be_taken_away() -> None:
    failures = ClusterProvider().check({**CLUSTER, "network_profile": "x"}, dict(CLUSTER)).failures
    assert [failure.reason.partition(":")[0] for failure in failures] == ["network_profile"]
