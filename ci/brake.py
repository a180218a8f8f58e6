"""The sprawl brake in the nightly check: its verdict is reached again and, where it changed, deployed.

This runs without the policies: they refuse a plan that does not fit, and that is when the brake has to close.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ci.engine import Engine, Outcome
from ci.problem import StepError
from domain.brake_state import BrakeState
from domain.redaction import Redactor

VERDICT = "sprawl-brake-verdict"
"""Name of the resource: the ConfigMap that the admission policy reads."""
_KIND = "kubernetes:core/v1:ConfigMap"
TARGET = f"**{_KIND}::{VERDICT}"
"""It alone, wherever it is in the stack."""
_OUTPUT = "sprawlBrake"
_MEASURE = "admission"
"""The measure that has a verdict; the others deny always the same."""

Braking = tuple[BrakeState, BrakeState]
"""The state before and after a check."""


def check(engine: Engine, mask: Redactor, outputs: Mapping[str, Any]) -> Braking | None:
    """Close or open the brake.

    Args:
        engine: The stack's engine.
        mask: Hides secrets.
        outputs: The stack's outputs.

    Returns:
        The state before and after; None if the stack has no deployed brake.

    Raises:
        StepError: The verdict cannot be reached, read or deployed.
    """
    deployed = outputs.get(_OUTPUT)
    if not isinstance(deployed, Mapping):
        return None
    before = _state(deployed, f"output {_OUTPUT}")
    if _MEASURE not in (deployed.get("measures") or ()):
        return before, before
    judged = engine.preview_of(TARGET, mask)
    after = _verdict(judged, "preview")
    if any(change.name == VERDICT for change in judged.report.changes):
        after = _verdict(engine.update_of(TARGET, mask), "update")
    return before, after


def _verdict(outcome: Outcome, command: str) -> BrakeState:
    if outcome.exit_code:
        reasons = "; ".join(outcome.report.errors) or f"exit code {outcome.exit_code}"
        raise StepError(f"sprawl brake: its {command} failed: {reasons}")
    for inputs in outcome.report.inputs.get(_KIND, ()):
        data = inputs.get("data")
        if isinstance(data, Mapping) and "mode" in data:
            return _state(data, f"resource {VERDICT}")
    raise StepError(f"sprawl brake: its {command} shows no resource {VERDICT}. Check its log")


def _state(document: object, place: str) -> BrakeState:
    try:
        return BrakeState.of(document)
    except ValueError as error:
        raise StepError(f"sprawl brake: {place}: {error}. Run `pulumi up`") from None
