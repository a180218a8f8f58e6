"""Drift, lack of room, and failure are three things."""

from __future__ import annotations

from ci.drift import Findings, render
from ci.engine import Outcome
from ci.events import Report
from domain.redaction import Redactor
from tests.ci.logs import CLUSTER, diagnostic, report, step, summary, violation

NOTHING = report(summary(same=4))
EVENTS = (
    step("update", CLUSTER, "rancher-cluster", {"workers": 3}, {"workers": 4}, event="resOutputsEvent"),
    summary(same=3, update=1),
)
DRIFT = report(*EVENTS)


def findings(**more: object) -> Findings:
    return Findings(**{"stack": "prod", "failed": False, "drift": NOTHING, "pending": NOTHING, **more})  # type: ignore[arg-type]


def told(found: Findings) -> tuple[int, str]:
    return found.exit_code, found.verdict


def test_the_verdicts() -> None:
    refused = report(violation("too many"), summary(same=1))
    assert told(findings()) == (0, "no drift")
    assert told(findings(drift=DRIFT)) == (3, "drift")
    assert told(findings(alarms=["pod subnets"], drift=DRIFT)) == (3, "drift, too little room")
    assert told(findings(pending=refused)) == (3, "policy violations")
    failed = findings(failed=True, drift=Report(errors=["PKS does not answer"]), alarms=["pod subnets"])
    assert told(failed) == (1, "the look failed")


def test_what_is_merged_and_not_deployed_is_told_and_no_drift() -> None:
    pending = report(step("update", CLUSTER, "c", {"a": 1}, {"a": 2}), summary(update=1, same=3))
    found = findings(pending=pending)
    assert told(found) == (0, "no drift")
    assert "#### Merged and not deployed\n\n**1 to update**" in render(found, Redactor([]))


def test_a_report_tells_what_differs_and_no_secret() -> None:
    text = render(findings(drift=DRIFT, alarms=["hunter22 left"], capacity="| a |"), Redactor(["hunter22"]))
    assert text.startswith("<!-- rancher-on-pks: look at prod -->\n### `prod`: drift, too little room\n")
    assert "| `rancher-cluster` | `pulumi-python:pks:Cluster` | update | `workers`: `3` → `4` |" in text
    assert "- [secret] left" in text


def test_a_command_that_found_something_did_not_fail() -> None:
    refused = report(violation("too many"), diagnostic("error", "preview failed"))
    found = ((0, NOTHING), (255, refused), (7, DRIFT))
    assert [Outcome(code, "", told).failed for code, told in found] == [False] * 3
    # Drift in one resource, and another that could not be read.
    half = report(diagnostic("error", "PKS does not answer"), *EVENTS)
    assert [Outcome(255, "", told).failed for told in (half, NOTHING, Report())] == [True] * 3
