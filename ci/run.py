"""The steps that need the engine: preview, deploy, drift. Each writes its findings and prints its verdict."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from capacity.report.metrics import exposition
from ci import brake, capacity_diff, comment, drift, gate, leaked, stacks
from ci.engine import Engine, Outcome
from ci.events import Report
from ci.problem import StepError
from domain.leaked_namespaces import Leaked
from domain.redaction import Redactor, secret_variables

METRICS = "capacity.prom"
"""File with the figures of the pod network after a drift check."""


def preview(stack: str, *, directory: Path, settings: Path | None, base: str | None, allowed: bool) -> int:
    """Preview a stack and write the comment for a reviewer.

    Args:
        stack: Name of the stack.
        directory: Gets ``comment.md``, ``result.json`` and the engine's ``events.jsonl``.
        settings: The stack's file; None: the one beside ``Pulumi.yaml``.
        base: Revision of git whose settings are those before the change.
        allowed: Whether destruction is approved.

    Returns:
        0 when the change may be deployed, else 1.
    """
    directory.mkdir(parents=True, exist_ok=True)
    engine = Engine.of(stack, settings, directory / "events.jsonl")
    mask, notes = Redactor(secret_variables(engine.environment)), []
    try:
        with ExitStack() as cleanup:
            if not engine.exists():
                notes.append("The stack does not exist yet: this is what its first deployment creates.")
                engine = cleanup.enter_context(engine.rehearsal())
            mask = engine.redactor()
            outcome = engine.preview(mask)
    except StepError as error:
        outcome = Outcome(1, "", Report(errors=[mask(str(error))]))
    found = _judged(engine, outcome, base, allowed=allowed, notes=notes)
    text = comment.render(found)
    (directory / "comment.md").write_text(text)
    result = {"stack": stack, "changes": bool(found.report.changes), "refused": found.refused}
    (directory / "result.json").write_text(json.dumps(result))
    _conclude(text, found.verdict)
    return 1 if found.refused else 0


def deploy(stack: str, *, settings: Path | None, allowed: bool) -> int:
    """Update a stack, unless it has drifted or its preview is refused; a new stack is created first.

    Returns:
        0 when it is up to date, else 1.

    Raises:
        StepError: The backend cannot be asked, or the stack's secrets cannot be decrypted.
    """
    engine = Engine.of(stack, settings)
    if not engine.exists():
        engine.create()
    mask = engine.redactor()
    refreshed = engine.refresh(mask)
    if refreshed.failed or refreshed.report.changes:
        # A preview compares with the state: with drift it does not show what an update would do.
        drifted = drift.DriftCheck(stack=stack, failed=refreshed.failed, drift=refreshed.report)
        _conclude(drift.render(drifted), drifted.verdict)
        return 1
    found = _judged(engine, engine.preview(mask), None, allowed=allowed)
    _conclude(comment.render(found), found.verdict)
    if found.refused:
        return 1
    return 1 if engine.update(mask).exit_code else 0


def check_drift(
    stack: str,
    *,
    directory: Path,
    settings: Path | None,
    least_percent: int,
    least_age: timedelta = timedelta(minutes=15),
    reclaim: int | None = None,
) -> int:
    """Compare a stack's state with reality, and the pod network with the plan; close and open the brake.

    Args:
        stack: Name of the stack.
        directory: Gets ``drift.md``, ``result.json`` and, when they are known, the figures as OpenMetrics.
        settings: The stack's file.
        least_percent: Share of each limit that has to remain beyond plan and reserve.
        least_age: A younger namespace is not reclaimed.
        reclaim: How many leaked namespaces may be deleted; None: none is.

    Returns:
        0: nothing found; 3: drift, too little capacity, leaked namespaces, a brake that closed, opened or is
        closed; 1: the check failed.

    Raises:
        StepError: The backend cannot be asked, or the stack's secrets cannot be decrypted.
    """
    directory.mkdir(parents=True, exist_ok=True)
    engine = Engine.of(stack, settings)
    mask = engine.redactor()
    problems = _Problems(mask)
    outputs: Mapping[str, Any] = {}
    braking: brake.Braking | None = None
    surviving: Leaked | None = None
    with problems:
        outputs = engine.outputs()
    with problems:
        braking = brake.check(engine, mask, outputs)
    # After the brake, whose verdict would else be one more pending change.
    refreshed, previewed, analyzed = engine.refresh(mask), engine.preview(mask), engine.analyze(mask)
    capacity = capacity_diff.compare(stack, engine.settings, None, previewed.report)
    with problems:
        surviving = _leaked(stack, outputs, least_age=least_age, reclaim=reclaim)
    found = drift.DriftCheck(
        stack=stack,
        failed=refreshed.failed or previewed.failed or (analyzed is not None and analyzed.failed),
        drift=refreshed.report,
        pending=previewed.report,
        state=analyzed.report if analyzed else Report(),
        note="" if analyzed else drift.NOT_JUDGED,
        alarms=capacity.alarms(least_percent),
        capacity=capacity.markdown,
        brake=braking,
        leaked=surviving or Leaked(),
        problems=problems.found,
    )
    text = drift.render(found)
    (directory / "drift.md").write_text(text)
    if capacity.after:
        metrics = exposition(
            capacity.after,
            stack=stack,
            measured_at=capacity.measured_at,
            exported_at=datetime.now(UTC),
            brake=braking[1] if braking else None,
            surviving=len(surviving.remaining) if surviving else None,
        )
        (directory / METRICS).write_text(metrics)
    result = {"stack": stack, "verdict": found.verdict, "found": found.exit_code != 0}
    (directory / "result.json").write_text(json.dumps(result))
    _conclude(text, found.verdict)
    return found.exit_code


class _Problems(AbstractContextManager["_Problems"]):
    """Collects why parts of a check failed, so that the others are done all the same."""

    def __init__(self, mask: Redactor) -> None:
        self._mask = mask
        self.found: list[str] = []

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> bool:
        if not isinstance(error, StepError):
            return False
        self.found.append(self._mask(str(error)))
        return True


def _leaked(
    stack: str, outputs: Mapping[str, Any], *, least_age: timedelta, reclaim: int | None
) -> Leaked | None:
    """The leaked namespaces on a server's cluster; None for a fleet, and before the first deployment."""
    if stacks.is_fleet(stack) or not {"kubeconfig", "rancherUrl"} <= outputs.keys():
        return None
    return leaked.check(str(outputs["kubeconfig"]), least_age=least_age, most=reclaim)


def _judged(
    engine: Engine, outcome: Outcome, base: str | None, *, allowed: bool, notes: Sequence[str] = ()
) -> comment.Preview:
    return comment.Preview(
        stack=engine.stack,
        report=outcome.report,
        failed=outcome.exit_code != 0,
        destroyed=gate.destroyed(outcome.report.changes),
        allowed=allowed,
        capacity=capacity_diff.compare(engine.stack, engine.settings, base, outcome.report).markdown,
        diff=outcome.output,
        notes=notes,
        source=_source(os.environ),
    )


def _source(environment: Mapping[str, str]) -> str:
    """The commit and the run of a workflow; empty elsewhere."""
    if "GITHUB_RUN_ID" not in environment:
        return ""
    server, repository = environment["GITHUB_SERVER_URL"], environment["GITHUB_REPOSITORY"]
    log = f"{server}/{repository}/actions/runs/{environment['GITHUB_RUN_ID']}"
    return f"Commit {environment['GITHUB_SHA'][:12]}, [log]({log})"


def _conclude(text: str, verdict: str) -> None:
    """Put the text on the run's page, and the verdict at the end of the log."""
    if summary := os.environ.get("GITHUB_STEP_SUMMARY"):
        with Path(summary).open("a") as file:
            file.write(text)
    print(f"==> {verdict}", flush=True)
