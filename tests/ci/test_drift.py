"""Drift, too little capacity, and failure are three things."""

from __future__ import annotations

from ci.drift import NOT_JUDGED, DriftCheck, render
from ci.engine import Outcome
from ci.events import Report
from tests.ci.logs import CLUSTER, diagnostic, report, step, summary, violation

NOTHING = report(summary(same=4))
EVENTS = (
    step("update", CLUSTER, "rancher-cluster", {"workers": 3}, {"workers": 4}, event="resOutputsEvent"),
    summary(same=3, update=1),
)
DRIFT = report(*EVENTS)


def check(**more: object) -> DriftCheck:
    return DriftCheck(**{"stack": "prod", "failed": False, "drift": NOTHING, "pending": NOTHING, **more})  # type: ignore[arg-type]


def result(found: DriftCheck) -> tuple[int, str]:
    return found.exit_code, found.verdict


def test_the_verdicts() -> None:
    refused = report(violation("too many"), summary(same=1))
    assert result(check()) == (0, "no drift")
    assert result(check(drift=DRIFT)) == (3, "drift")
    assert result(check(alarms=["pod subnets"], drift=DRIFT)) == (3, "drift, too little capacity")
    assert result(check(pending=refused)) == (3, "policy violations")
    failed = check(failed=True, drift=Report(errors=["PKS does not answer"]), alarms=["pod subnets"])
    assert result(failed) == (1, "the drift check failed")


def test_what_is_merged_but_not_deployed_is_no_drift() -> None:
    pending = report(step("update", CLUSTER, "c", {"a": 1}, {"a": 2}), summary(update=1, same=3))
    found = check(pending=pending)
    assert result(found) == (0, "no drift")
    assert "#### Merged and not deployed\n\n**1 to update**" in render(found)


def test_the_report_names_what_differs() -> None:
    text = render(check(drift=DRIFT, alarms=["pod subnets: 2 left"], capacity="| a |"))
    assert text.startswith("<!-- rancher-on-pks: drift of prod -->\n### `prod`: drift, too little capacity\n")
    assert "| `rancher-cluster` | `pulumi-python:pks:Cluster` | update | `workers`: `3` → `4` |" in text
    assert "- pod subnets: 2 left" in text


def test_a_command_that_found_something_did_not_fail() -> None:
    refused = report(violation("too many"), diagnostic("error", "preview failed"))
    found = ((0, NOTHING), (255, refused), (7, DRIFT))
    assert [Outcome(code, "", told).failed for code, told in found] == [False] * 3
    # Drift in one resource, and another that could not be read.
    half = report(diagnostic("error", "PKS does not answer"), *EVENTS)
    assert [Outcome(255, "", told).failed for told in (half, NOTHING, Report())] == [True] * 3


def test_violations_of_the_deployed_state_are_found_and_named_once() -> None:
    refused, deployed = report(violation("too many")), report(violation("too many"), violation("a stray one"))
    found = check(state=deployed)
    assert result(found) == (3, "policy violations")
    found = check(pending=refused, state=deployed)
    text = render(found)
    assert text.count("too many") == 1
    assert "#### Policy violations of the deployed state" in text
    assert "a stray one" in text


def test_an_engine_that_cannot_judge_the_state_is_named() -> None:
    found = check(note=NOT_JUDGED)
    assert result(found) == (0, "no drift")
    assert "has no `pulumi policy analyze`" in render(found)
