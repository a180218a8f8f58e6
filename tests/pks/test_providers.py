"""The dynamic providers of PKS against the fake CLI."""

from __future__ import annotations

import logging
from typing import Any

import pytest
import yaml
from pulumi.output import UNKNOWN

from components.pks.cluster import ClusterProvider
from components.pks.foundation import FoundationProvider
from components.pks.kubeconfig import KubeconfigProvider, rewrite
from components.pks.network_profile import NetworkProfileProvider, same_parameters, transition_problems
from components.provider import ProviderError, wait
from tests.pks.conftest import Clock, FakeFoundation

CLUSTER: dict[str, Any] = {
    "cluster": "c",
    "external_hostname": "c.test",
    "plan": "rancher",
    "workers": 3.0,  # protobuf has no integers
    "network_profile": "",
    "compute_profile": "",
    "tags": {},
    "timeout_minutes": 60.0,
}
FOUNDATION: dict[str, Any] = {
    "plan": "rancher",
    "masters": 3.0,
    "workers": 3.0,
    "privileged": True,
    "cluster": "c",
    "external_hostname": "c.test",
    "network_profile": "lb-medium",
    "network_profile_parameters": {"lb_size": "medium"},
    "compute_profile": "",
}
PROFILE: dict[str, Any] = {
    "profile": "lb-medium",
    "profile_description": "medium",
    "parameters": {"lb_size": "medium", "pod_subnet_prefix": 27.0},
}


def live(name: str = "c", **changes: Any) -> dict[str, Any]:
    parameters = {"kubernetes_master_host": f"{name}.test", "kubernetes_worker_instances": 3}
    return {
        "name": name,
        "uuid": f"uuid-{name}",
        "plan_name": "rancher",
        "network_profile_name": "",
        "last_action": "CREATE",
        "last_action_state": "succeeded",
        "kubernetes_master_ips": ["10.50.0.71"],
        "k8s_version": "1.28.9",
        "parameters": parameters,
        **changes,
    }


# --- Foundation ------------------------------------------------------------------------------------------


def problems(foundation: FakeFoundation, olds: dict[str, Any], **changes: Any) -> list[str]:
    result = foundation.configured(FoundationProvider).check(olds, {**FOUNDATION, **changes})
    return [f"{failure.property}: {failure.reason}" for failure in result.failures]


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
        *["cluster"] * 4,
    ]
    text = "\n".join(found)
    assert "plan 'small' has master_instances 1, the config wants 3 (planMasters)" in text
    assert "exists with other parameters: {'lb_size': 'small'}. Choose another name" in text
    assert "external hostname of cluster 'other'" in text
    assert "has failed (CREATE, error, Instance provisioning failed: boom)" in text


def test_foundation_names_the_plans_there_are(foundation: FakeFoundation) -> None:
    [found] = problems(foundation, {}, plan="gone")
    assert found.startswith("plan: there is no plan 'gone'; PKS has rancher, small. Set config plan")


def test_foundation_lets_its_own_cluster_change(foundation: FakeFoundation) -> None:
    with foundation.change() as state:
        state["clusters"] = [live(network_profile_name="lb-small")]
    assert problems(foundation, {**FOUNDATION, "network_profile": "lb-small"}) == []


def test_foundation_turns_a_failing_cli_into_a_clean_failure(
    foundation: FakeFoundation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PKS_PASSWORD", "wrong")
    assert problems(foundation, {})[0].startswith(": PKS at pks.test rejected the credentials of 'admin'")


def test_foundation_reads_the_live_plan(foundation: FakeFoundation) -> None:
    provider = foundation.configured(FoundationProvider)
    with foundation.change() as state:
        state["plans"][0]["master_instances"] = 5
    assert provider.read("rancher", dict(FOUNDATION)).outs == {**FOUNDATION, "masters": 5}
    with foundation.change() as state:
        state["plans"] = []
    assert provider.read("rancher", dict(FOUNDATION)).id == ""


# --- NetworkProfile --------------------------------------------------------------------------------------


def test_profile_lives_its_life(foundation: FakeFoundation) -> None:
    provider = foundation.configured(NetworkProfileProvider)
    created = provider.create(PROFILE)
    assert created.id == "lb-medium"
    assert foundation.state()["network_profiles"] == [
        {
            "name": "lb-medium",
            "description": "medium",
            "parameters": {"lb_size": "medium", "pod_subnet_prefix": 27},
        }
    ]
    assert foundation.commands() == ["login", "create-network-profile"]
    assert created.outs is not None
    assert provider.read("lb-medium", created.outs).outs == created.outs
    provider.delete("lb-medium", created.outs)
    provider.delete("lb-medium", created.outs)
    assert provider.read("lb-medium", created.outs).id == ""


def test_profile_is_taken_over_only_when_it_means_the_same(foundation: FakeFoundation) -> None:
    provider = foundation.configured(NetworkProfileProvider)
    with foundation.change() as state:
        parameters = {"lb_size": "medium", "pod_subnet_prefix": 27, "pod_routable": False, "nodes_dns": []}
        state["network_profiles"] = [{"name": "lb-medium", "parameters": parameters}]
    assert provider.create(PROFILE).id == "lb-medium"
    with pytest.raises(ProviderError, match="exists with other parameters"):
        provider.create({**PROFILE, "parameters": {"lb_size": "large"}})


def test_profile_in_use_elsewhere_stays(foundation: FakeFoundation, caplog: pytest.LogCaptureFixture) -> None:
    with foundation.change() as state:
        state["network_profiles"] = [{"name": "lb-medium", "parameters": {}}]
        state["clusters"] = [live("other", network_profile_name="lb-medium")]
    with caplog.at_level(logging.WARNING, "rancher-on-pks"):
        foundation.configured(NetworkProfileProvider).delete("lb-medium", dict(PROFILE))
    assert "network profile lb-medium stays, as it is in use by other" in caplog.text


def test_profile_is_exchanged_not_changed() -> None:
    provider = NetworkProfileProvider()
    grown = {"profile": "lb-2", "profile_description": "medium"}
    grown_parameters = {**PROFILE["parameters"], "pod_ip_block_ids": ["b"]}
    same_name = {**PROFILE, "parameters": grown_parameters}
    assert "Give the new parameters a new name" in provider.check(PROFILE, same_name).failures[0].reason
    wanted = {**grown, "parameters": grown_parameters}
    assert provider.check(PROFILE, wanted).failures == []
    difference = provider.diff("lb-medium", PROFILE, wanted)
    assert (difference.changes, difference.replaces) == (True, ["profile", "parameters"])
    assert difference.delete_before_replace is False
    assert provider.diff("lb-medium", PROFILE, dict(PROFILE)).changes is False


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ({"pod_ip_block_ids": ["a"]}, {"pod_ip_block_ids": ["b", "a"]}, []),
        ({"pod_ip_block_ids": ["a", "b"]}, {"pod_ip_block_ids": ["b"]}, ["pod_ip_block_ids"]),
        ({"fip_pool_ids": ["a"]}, {}, ["fip_pool_ids"]),
        ({}, {"lb_size": "large"}, ["lb_size"]),
        ({}, {"lb_size": "small", "pod_routable": False}, []),
        ({"nodes_dns": ["10.0.0.1"]}, {"nodes_dns": ["10.0.0.2"]}, []),
        ({"pod_subnet_prefix": 24.0}, {"pod_subnet_prefix": 27}, ["pod_subnet_prefix"]),
    ],
)
def test_profile_transitions(old: dict[str, Any], new: dict[str, Any], expected: list[str]) -> None:
    assert [text.split(" ")[0] for text in transition_problems(old, new)] == expected


def test_defaults_are_as_good_as_absent_keys() -> None:
    assert same_parameters({}, {"lb_size": "small", "pod_subnet_prefix": 24.0, "fip_pool_ids": []})


# --- Cluster ---------------------------------------------------------------------------------------------


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
        ({"plan_name": "small"}, "exists with plan 'small' where the config says 'rancher'"),
        ({"network_profile_name": "x"}, "exists with network profile 'x' where the config says ''"),
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
    foundation.configured(ClusterProvider).delete("another-uuid", dict(CLUSTER))
    assert foundation.commands() == ["login", "cluster"]


def test_cluster_deletion_waits_for_the_action_under_way(foundation: FakeFoundation) -> None:
    with foundation.change() as state:
        state["clusters"] = [live(last_action="UPDATE", last_action_state="in progress", polls=3)]
    foundation.configured(ClusterProvider).delete("uuid-c", dict(CLUSTER))
    assert foundation.state()["clusters"] == []
    commands = foundation.commands()
    assert commands[: commands.index("delete-cluster")] == ["login", "cluster", "cluster", "cluster"]


@pytest.mark.parametrize(
    ("changes", "replaces"),
    [
        ({}, None),
        ({"workers": 3}, None),
        ({"workers": 4}, []),
        ({"network_profile": "x"}, []),
        ({"tags": {"a": "b"}}, []),
        ({"plan": "small"}, ["plan"]),
        ({"cluster": "d", "external_hostname": "d.test"}, ["cluster", "external_hostname"]),
    ],
)
def test_cluster_diff_says_exactly_what_replaces(changes: dict[str, Any], replaces: list[str] | None) -> None:
    result = ClusterProvider().diff("id", {**CLUSTER, "uuid": "id"}, {**CLUSTER, **changes})
    assert result.changes is (replaces is not None)
    assert result.replaces == (replaces or [])


def test_cluster_profile_cannot_be_taken_away() -> None:
    failures = ClusterProvider().check({**CLUSTER, "network_profile": "x"}, dict(CLUSTER)).failures
    assert [failure.property for failure in failures] == ["network_profile"]


# --- Kubeconfig ------------------------------------------------------------------------------------------

KUBECONFIG: dict[str, Any] = {
    "cluster": "c",
    "external_hostname": "c.test",
    "plan": "rancher",
    "api_access": "master-ip",
    "expected_version": "1.28",
    "uuid": "uuid-c",
    "master_ips": ["10.50.0.71"],
    "kubernetes_version": "1.28.9",
}


def test_kubeconfig_goes_to_the_master_ip_and_verifies_the_hostname(foundation: FakeFoundation) -> None:
    with foundation.change() as state:
        state["clusters"] = [live()]
    outs = foundation.configured(KubeconfigProvider).create(dict(KUBECONFIG)).outs
    assert outs is not None
    assert outs["server"] == "https://10.50.0.71:8443"
    cluster = yaml.safe_load(outs["kubeconfig"])["clusters"][0]["cluster"]
    assert cluster["server"] == "https://10.50.0.71:8443"
    assert cluster["tls-server-name"] == "c.test"


def test_kubeconfig_keeps_only_its_context() -> None:
    other = {"name": "other", "cluster": {"server": "https://other"}}
    document = {
        "current-context": "c",
        "clusters": [other, {"name": "c", "cluster": {"server": "https://c.test:8443"}}],
        "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u"}}],
        "users": [{"name": "u", "user": {"token": "t"}}],
    }
    text, server = rewrite(yaml.safe_dump(document), "c.test", None)
    assert server == "https://c.test:8443"
    assert "other" not in text
    with pytest.raises(ProviderError, match="no usable current context"):
        rewrite("{}", "c.test", None)


def test_kubeconfig_does_not_change_while_the_cluster_is_updated() -> None:
    provider = KubeconfigProvider()
    unknown = {**KUBECONFIG, "uuid": UNKNOWN, "master_ips": UNKNOWN, "kubernetes_version": UNKNOWN}
    assert provider.diff("c", KUBECONFIG, unknown).changes is False
    assert provider.check(KUBECONFIG, unknown).failures == []
    assert provider.diff("c", KUBECONFIG, {**unknown, "plan": "small"}).changes is True
    assert provider.diff("c", KUBECONFIG, {**KUBECONFIG, "uuid": "new"}).changes is True


def test_kubeconfig_refuses_another_kubernetes_than_configured() -> None:
    failures = KubeconfigProvider().check({}, {**KUBECONFIG, "kubernetes_version": "v1.27.3"}).failures
    assert "runs Kubernetes v1.27.3, the config says 1.28. Set config kubernetesVersion" in failures[0].reason


def test_kubeconfig_is_gone_with_its_cluster(foundation: FakeFoundation) -> None:
    provider = foundation.configured(KubeconfigProvider)
    with foundation.change() as state:
        state["clusters"] = [live()]
    assert provider.read("c", dict(KUBECONFIG)).outs == KUBECONFIG
    assert provider.read("c", {**KUBECONFIG, "uuid": "old"}).id == ""


# --- Waiting ---------------------------------------------------------------------------------------------


def test_wait_reports_once_a_minute(clock: Clock, caplog: pytest.LogCaptureFixture) -> None:
    def poll() -> tuple[str, bool | None]:
        return "busy", True if clock.now >= 290 else None

    with caplog.at_level(logging.INFO, "rancher-on-pks"):
        assert wait("thing", poll, timeout=600, resume="") is True
    assert len(caplog.records) == 4
    assert caplog.records[0].getMessage() == "thing: busy (1 min)"
