"""The brake in the nightly check: what the engine's log says of the verdict, and what cannot be read."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, cast

import pytest

from ci import brake
from ci.drift import DriftCheck, render
from ci.engine import Engine, Outcome
from ci.events import Report
from ci.problem import StepError
from domain import brake_policy
from domain.brake_state import BrakeState
from domain.redaction import Redactor
from tests.ci.logs import UNKNOWN, diagnostic, report, step, summary

KIND = "kubernetes:admissionregistration.k8s.io/v1:ValidatingAdmissionPolicy"
FULL = "245 of 256 pod subnets are taken (96 %); it opens at 90 %"
OPEN = {"mode": "fleet-only", "since": "2026-01-01T00:00:00Z", "reason": "few", "headroom": "200 left"}
CLOSED = {"mode": "closed", "since": "2026-03-01T03:23:00Z", "reason": FULL, "headroom": "11 left"}


def policy(state: Any) -> Any:
    """The resource's inputs; a text or nothing stands where its spec would be."""
    spec = brake_policy.spec({"fleetUser": "user-abcde", **state}) if isinstance(state, dict) else state
    return {"metadata": {"name": "rancher-on-pks-sprawl-brake"}, "spec": spec}


def verdict(op: str, old: Any, new: Any, name: str = brake.POLICY) -> Report:
    inputs = [policy(state) for state in (old, new)]
    another = {"spec": {"variables": [{"name": "a", "expression": "'b'"}]}}
    other = step("same", KIND, "another", another, another)
    return report(other, step(op, KIND, name, *inputs), summary(**{op: 1}))


def with_mode(expression: str) -> Report:
    """A policy whose constant ``mode`` is another expression."""
    new = policy(CLOSED)
    new["spec"]["variables"][0]["expression"] = expression
    return report(step("update", KIND, brake.POLICY, policy(OPEN), new), summary(update=1))


@dataclass
class FakeEngine:
    """Runs that end with these reports."""

    preview: Outcome
    update: Outcome | None = None
    updates: list[str] = field(default_factory=list)

    def preview_of(self, target: str, mask: Redactor) -> Outcome:
        return self.preview

    def update_of(self, target: str, mask: Redactor) -> Outcome:
        self.updates.append(target)
        assert self.update
        return self.update


def check(engine: FakeEngine, output: object) -> brake.Braking | None:
    outputs = {} if output is None else {"sprawlBrake": output}
    return brake.check(cast(Engine, engine), Redactor(()), outputs)


def ok(found: Report) -> Outcome:
    return Outcome(0, "", found)


def shown(found: brake.Braking | None) -> tuple[int, str]:
    checked = DriftCheck(stack="prod", failed=False, drift=Report(), brake=found)
    return checked.exit_code, render(checked)


def admission(state: dict[str, str]) -> dict[str, Any]:
    return {**state, "measures": ["quota", "admission"]}


def test_a_brake_that_closes_is_deployed_and_reported() -> None:
    change = ok(verdict("update", OPEN, CLOSED))
    engine = FakeEngine(change, change)
    code, text = shown(check(engine, admission(OPEN)))
    assert engine.updates == [f"**{KIND}::sprawl-brake-policy"]
    assert code == 3
    assert "### `prod`: brake fleet-only -> closed\n" in text
    line = f"- brake: fleet-only -> closed since 2026-03-01 03:23 UTC; {FULL}; 11 left"
    assert f"#### Sprawl brake\n\n{line}" in text


def test_the_update_counts_again_and_has_the_last_word() -> None:
    engine = FakeEngine(ok(verdict("update", OPEN, CLOSED)), ok(verdict("same", OPEN, OPEN)))
    found = check(engine, admission(OPEN))
    assert found
    assert found[1].mode == "fleet-only"


def test_an_unchanged_verdict_is_not_deployed() -> None:
    engine = FakeEngine(ok(verdict("same", CLOSED, CLOSED)))
    code, text = shown(check(engine, admission(CLOSED)))
    assert engine.updates == []
    assert (code, "### `prod`: brake closed\n" in text) == (3, True)
    code, text = shown(check(FakeEngine(ok(verdict("same", OPEN, OPEN))), admission(OPEN)))
    assert (code, "### `prod`: no drift\n" in text) == (0, True)
    assert "- brake: fleet-only since 2026-01-01 00:00 UTC; few; 200 left" in text


def test_other_words_of_the_same_verdict_are_no_finding() -> None:
    again = {**OPEN, "reason": "more"}
    change = ok(verdict("update", OPEN, again))
    engine = FakeEngine(change, change)
    code, text = shown(check(engine, admission(OPEN)))
    assert (code, len(engine.updates)) == (0, 1)
    assert "; more; " in text


def test_without_a_verdict_nothing_is_run() -> None:
    failing = FakeEngine(Outcome(255, "", Report()))
    assert check(failing, None) is None
    uncounted = {"mode": "open", "since": "", "reason": "sprawlBrake has no admission", "headroom": ""}
    found = check(failing, {**uncounted, "measures": ["quota"]})
    assert found
    assert shown(found)[0] == 0


@pytest.mark.parametrize(
    ("outcome", "message"),
    [
        (Outcome(255, "", report(diagnostic("error", "no answer"))), "its preview failed: no answer"),
        (Outcome(255, "", Report()), "its preview failed: exit code 255"),
        (ok(Report()), "its preview shows no verdict of resource sprawl-brake-policy"),
        (ok(report(summary(same=3))), "its preview shows no verdict"),
        (ok(verdict("update", OPEN, "[secret]")), "its preview shows no verdict"),
        (ok(verdict("update", OPEN, UNKNOWN)), "its preview shows no verdict"),
        (ok(with_mode(UNKNOWN)), "resource sprawl-brake-policy: mode is not"),
        (ok(with_mode('""')), "resource sprawl-brake-policy: mode is not"),
        (ok(verdict("delete", OPEN, None)), "its preview shows no verdict"),
    ],
)
def test_a_verdict_that_cannot_be_read_is_a_failure_that_says_so(outcome: Outcome, message: str) -> None:
    engine = FakeEngine(outcome)
    with pytest.raises(StepError, match=r"^sprawl brake: ") as caught:
        check(engine, admission(OPEN))
    assert message in str(caught.value)
    assert engine.updates == []


def test_a_refused_update_is_a_failure() -> None:
    locked = Outcome(255, "", report(diagnostic("error", "the stack is currently locked")))
    engine = FakeEngine(ok(verdict("update", OPEN, CLOSED)), locked)
    with pytest.raises(StepError, match="its update failed: the stack is currently locked"):
        check(engine, admission(OPEN))


@pytest.mark.parametrize("mode", [None, "", "shut", 1, ["closed"], {"closed": 1}])
def test_an_unknown_mode_is_no_state(mode: object) -> None:
    with pytest.raises(ValueError, match="mode is not open, fleet-only or closed"):
        BrakeState.of({**OPEN, "mode": mode})


@pytest.mark.parametrize("since", ["", None, "yesterday", 5, "0001-01-01T00:00:00+14:00"])
def test_a_time_that_cannot_be_read_is_unknown(since: object) -> None:
    state = BrakeState.of({**CLOSED, "since": since})
    assert (state.since, str(state)) == (None, f"closed; {FULL}; 11 left")
    assert BrakeState.of(CLOSED).since == datetime(2026, 3, 1, 3, 23, tzinfo=UTC)
