"""The parts of the nightly check stand for themselves: one that fails is named, and the others are done."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml

from ci import brake, leaked, run
from ci.engine import Engine, Outcome
from ci.events import Report
from ci.problem import StepError
from domain.brake_state import BrakeState
from domain.leaked_namespaces import Leak, Leaked
from domain.redaction import Redactor
from tests.config import GOOD, REPO

SECRET = "Correct-horse-7-battery"
STATE = {"mode": "closed", "since": "2026-03-01T03:23:00Z", "reason": "245 of 256", "headroom": "11 left"}
CLOSED = BrakeState.of(STATE)
LEAKED = Leaked((Leak(name="c-zzzzz", uid="u", version="1", owner="cluster c-zzzzz"),))


@dataclass
class FakeEngine:
    """A stack without drift."""

    stack: str
    settings: Path
    answer: dict[str, Any] | StepError
    calls: list[str] = field(default_factory=list)

    def redactor(self) -> Redactor:
        return Redactor([SECRET])

    def outputs(self) -> dict[str, Any]:
        self.calls.append("outputs")
        if isinstance(self.answer, StepError):
            raise self.answer
        return self.answer

    def refresh(self, _mask: Redactor) -> Outcome:
        self.calls.append("refresh")
        return Outcome(0, "", Report(finished=True))

    preview = refresh

    def analyze(self, _mask: Redactor) -> None:
        """As an engine that lacks the command."""


class Night:
    """A check with these parts."""

    def __init__(self, directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.chdir(REPO)  # for the thresholds
        self.directory, self._patch = directory, monkeypatch
        self.settings = directory / "Pulumi.prod.yaml"
        config = {**GOOD, "podNetwork": {"blocks": ["172.16.0.0/16"]}}
        document = {"config": {f"rancher-on-pks:{key}": value for key, value in config.items()}}
        self.settings.write_text(yaml.safe_dump(document))
        self.asked: list[str] = []

    def check(
        self,
        outputs: dict[str, Any] | StepError,
        *,
        braking: object = None,
        leaks: object = LEAKED,
    ) -> tuple[int, str, str]:
        """Exit code, report and metrics."""
        engine = FakeEngine("prod", self.settings, outputs)

        def part(name: str, result: object) -> Any:
            def act(*_: object, **__: object) -> object:
                self.asked.append(name)
                if isinstance(result, Exception):
                    raise result
                return result

            return act

        self._patch.setattr(Engine, "of", lambda *_: engine)
        self._patch.setattr(brake, "check", part("brake", braking))
        self._patch.setattr(leaked, "check", part("leaked", leaks))
        code = run.check_drift("prod", directory=self.directory, settings=None, least_percent=5)
        metrics = self.directory / run.METRICS
        return code, (self.directory / "drift.md").read_text(), metrics.read_text()


@pytest.fixture
def night(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Night:
    return Night(tmp_path, monkeypatch)


OUTPUTS = {"kubeconfig": "the kubeconfig", "rancherUrl": "https://rancher.example.com"}


def test_everything_that_was_found_is_reported_and_exported(night: Night) -> None:
    code, report, metrics = night.check(OUTPUTS, braking=(CLOSED, CLOSED))
    assert (code, night.asked) == (3, ["brake", "leaked"])
    assert "### `prod`: leaked namespaces, brake closed\n" in report
    assert 'rancher_pks_surviving_namespaces{stack="prod"} 1.0' in metrics
    assert 'rancher_pks_brake_mode{mode="closed",stack="prod"} 1.0' in metrics
    assert json.loads((night.directory / "result.json").read_text())["found"]


def test_a_brake_that_fails_keeps_no_leak_back_and_no_state_is_claimed(night: Night) -> None:
    code, report, metrics = night.check(OUTPUTS, braking=StepError(f"sprawl brake: no, {SECRET}"))
    assert (code, night.asked) == (1, ["brake", "leaked"])
    assert "- sprawl brake: no, [secret]" in report
    assert "kubectl delete namespace c-zzzzz" in report
    assert "rancher_pks_brake" not in metrics


def test_leaks_that_cannot_be_found_are_not_none(night: Night) -> None:
    code, report, metrics = night.check(OUTPUTS, braking=(CLOSED, CLOSED), leaks=StepError("no answer"))
    assert code == 1
    assert "- no answer" in report
    assert "- brake: closed since" in report
    assert "rancher_pks_surviving" not in metrics
    assert "rancher_pks_brake_mode" in metrics


def test_outputs_that_cannot_be_read_fail_the_check(night: Night) -> None:
    code, report, _ = night.check(StepError("the backend does not answer"))
    assert (code, "- the backend does not answer" in report) == (1, True)
    assert night.asked == ["brake"]  # which finds no output


@pytest.mark.parametrize("outputs", [{}, {"kubeconfig": "the kubeconfig"}])
def test_before_the_first_deployment_nothing_has_leaked(night: Night, outputs: dict[str, Any]) -> None:
    code, report, metrics = night.check(outputs)
    assert (code, "### `prod`: no drift" in report) == (0, True)
    assert "rancher_pks_surviving" not in metrics
    assert night.asked == ["brake"]
