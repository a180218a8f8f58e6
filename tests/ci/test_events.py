"""The engine's event log, read."""

from __future__ import annotations

import pytest

from ci.events import Property, read
from ci.problem import StepError
from tests.ci.logs import CLUSTER, SECRET, UNKNOWN, diagnostic, log, report, step, summary, violation

MAP = "kubernetes:core/v1:ConfigMap"


def test_an_update_tells_each_leaf_that_differs() -> None:
    old = {
        "workers": 3,
        "tags": {"a": "1", "b": "2"},
        "names": ["x", "y"],
        "plan": "small",
        "__provider": "a",
    }
    new = {
        "workers": 4,
        "tags": {"a": "1", "c": "3"},
        "names": ["x", "z"],
        "plan": "small",
        "__provider": "b",
    }
    [change] = report(step("update", CLUSTER, "rancher-cluster", old, new)).changes
    assert (change.name, change.kind, change.operation) == ("rancher-cluster", CLUSTER, "update")
    assert change.properties == (
        Property("names[1]", "y", "z"),
        Property("tags.b", "2", None),
        Property("tags.c", None, "3"),
        Property("workers", "3", "4"),
    )


def test_only_what_the_engine_says_differs_is_told() -> None:
    """A provider fills in defaults in the old inputs that the new ones do not have yet."""
    old, new = {"data": "a", "timeout": 300}, {"data": "b"}
    [change] = report(step("update", MAP, "map", old, new, diffs=["data"])).changes
    assert change.properties == (Property("data", "a", "b"),)
    [change] = report(step("update", MAP, "map", {"data": "a", "devel": False}, new)).changes
    assert change.properties == (Property("data", "a", "b"),)


def test_a_secret_that_changes_is_told_and_not_shown() -> None:
    both = {"data": {"tls.key": SECRET}, "type": "Opaque"}
    [change] = report(step("update", MAP, "map", both, both, detailedDiff={"data.tls.key": {}})).changes
    assert change.properties == (Property("data", "[secret]", "[secret]"),)
    [change] = report(step("update", MAP, "map", {"a": SECRET}, {"a": UNKNOWN})).changes
    assert change.properties == (Property("a", "[secret]", "(known after the update)"),)


def test_a_replacement_is_one_change() -> None:
    old, new = {"cluster": "a"}, {"cluster": "b"}
    found = report(
        step("create-replacement", CLUSTER, "c", old, new, keys=["cluster"]),
        step("replace", CLUSTER, "c", old, new, keys=["cluster"]),
        step("delete-replaced", CLUSTER, "c", old),
        step("same", MAP, "other", old, old),
        summary(replace=1, same=1),
    )
    [change] = found.changes
    assert (change.operation, change.because) == ("replace", ("cluster",))
    assert change.properties == (Property("cluster", "a", "b"),)
    assert found.counts == {"replace": 1, "same": 1}


def test_a_refresh_tells_what_is_really_there() -> None:
    drifted = step(
        "update", CLUSTER, "c", {"workers": 3}, {"workers": 3}, event="resOutputsEvent", diffs=["workers"]
    )
    drifted["resOutputsEvent"]["metadata"]["new"]["outputs"] = {"workers": 4}
    found = report(
        step("refresh", CLUSTER, "c", {"workers": 3}, {"workers": 3}),
        drifted,
        step("refresh", MAP, "gone", {}, {}),
        step("delete", MAP, "gone", {}, event="resOutputsEvent"),
    )
    assert [(change.name, change.operation) for change in found.changes] == [
        ("c", "update"),
        ("gone", "delete"),
    ]
    assert found.changes[0].properties == (Property("workers", "3", "4"),)


def test_diagnostics_and_violations_are_plain_and_told_once() -> None:
    found = report(
        diagnostic("warning", "the figures are old"),
        diagnostic("warning", "the figures are old"),
        diagnostic("error", "no plan small"),
        diagnostic("debug", "registering"),
        diagnostic("info", "judged"),
        violation("too many", level="advisory"),
        violation("too many"),
    )
    assert (found.warnings, found.errors) == (["the figures are old"], ["no plan small"])
    assert [(item.policy, item.mandatory, item.resource) for item in found.violations] == [
        ("pod-network", False, "capacity-figures"),
        ("pod-network", True, "capacity-figures"),
    ]


def test_the_log_of_a_run_that_was_killed_is_no_whole_preview() -> None:
    lines = log(step("create", CLUSTER, "c", None, {"cluster": "a"}), summary(create=1))
    assert read(lines).finished
    cut = read([lines[0], lines[1][:30], ""])
    assert ([change.name for change in cut.changes], cut.finished) == (["c"], False)


@pytest.mark.parametrize("depth", [400, 700, 5000])
def test_an_event_that_cannot_be_looked_through_is_not_left_out(depth: int) -> None:
    """It could be the deletion that a reviewer must see."""
    deep = f'{{"resourcePreEvent": {"[" * depth}{"]" * depth}}}'
    with pytest.raises(StepError, match="the engine's event log has an unknown form: "):
        read([deep])


def test_a_line_that_is_no_json_is_left_out() -> None:
    assert read(["{", "garbage", *log(summary(same=1))]) == report(summary(same=1))
