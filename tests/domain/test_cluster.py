"""The declared properties of a cluster, and clusters as PKS describes them."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import pytest

from domain.cluster import ClusterSpec, LiveCluster, adoption_findings, names, properties

SPEC = ClusterSpec(name="c", external_hostname="c.test", plan="p", workers=3, tags={"b": "", "a": "1"})


def live(**changes: Any) -> LiveCluster:
    document = {
        "name": "c",
        "uuid": "u",
        "plan_name": "p",
        "last_action": "CREATE",
        "last_action_state": "succeeded",
        "parameters": {"kubernetes_master_host": "c.test", "kubernetes_worker_instances": 3},
    }
    return LiveCluster.of({**document, **changes})


def test_each_property_is_declared_and_changes_something() -> None:
    assert set(properties()) == {item.name for item in fields(ClusterSpec)}
    assert set(names("replaces")) | set(names("updates")) == set(properties())
    assert names("replaces") == ("name", "external_hostname", "plan")


def test_inputs_give_the_spec_back() -> None:
    assert ClusterSpec.of({**SPEC.inputs(), "timeout_minutes": 3}) == SPEC


def test_flags_of_a_creation_and_of_a_change() -> None:
    assert SPEC.creation_flags() == [
        *["--external-hostname", "c.test", "--plan", "p", "--num-nodes", "3", "--tags", "a:1,b"],
    ]
    assert ClusterSpec.of({**SPEC.inputs(), "tags": {}}).flags(["tags", "network_profile"]) == ["--tags", ""]


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        ([{"name": "a", "value": "1", "category": "x"}, {"name": "b", "value": None}], {"a": "1", "b": ""}),
        ("a:1, b", {"a": "1", "b": ""}),
        ({"a": "1"}, {"a": "1"}),
        (None, None),
    ],
)
def test_tags_are_read_in_each_documented_form(tags: object, expected: object) -> None:
    assert live(parameters={"cluster_tags": tags}).values().get("tags") == expected


@pytest.mark.parametrize(
    "document", [None, [], "x", {}, {"name": "c"}, {"name": "", "uuid": "u"}, {"uuid": 5}]
)
def test_a_document_of_another_shape_is_refused(document: object) -> None:
    with pytest.raises(ValueError, match="`name` and `uuid`"):
        LiveCluster.of(document)


@pytest.mark.parametrize("state", ["in progress", "queued", "pending", "IN PROGRESS", ""])
def test_a5_any_state_that_is_not_an_end_is_busy(state: str) -> None:
    item = live(last_action_state=state)
    assert (item.busy, item.failed) == (True, False)


@pytest.mark.parametrize(("state", "failed"), [("succeeded", False), ("failed", True), ("error", True)])
def test_a5_the_ends_of_an_action(state: str, failed: bool) -> None:
    item = live(last_action_state=state)
    assert (item.busy, item.failed) == (False, failed)


def test_r9_a_failed_creation_has_to_be_deleted_and_a_failed_change_not() -> None:
    wanted = SPEC.inputs()
    [found] = adoption_findings(live(last_action_state="failed"), wanted, "tkgi")
    assert "run `tkgi delete-cluster c`, and run `pulumi up`" in found.remedy
    [found] = adoption_findings(live(last_action="UPDATE", last_action_state="failed"), wanted, "tkgi")
    assert "delete-cluster" not in found.remedy
