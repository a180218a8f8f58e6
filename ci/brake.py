"""The sprawl brake in the nightly check: its verdict is reached again and, where it changed, deployed.

This runs without the policies: they refuse a plan that does not fit, and that is when the brake has to close.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ci.engine import Engine, Outcome
from ci.problem import StepError
from domain import brake_policy
from domain.brake_state import BrakeState
from domain.redaction import Redactor

POLICY = "sprawl-brake-policy"
"""Name of the resource: the admission policy, with the verdict."""
_KIND = "kubernetes:admissionregistration.k8s.io/v1:ValidatingAdmissionPolicy"
TARGET = f"**{_KIND}::{POLICY}"
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
    if any(change.name == POLICY for change in judged.report.changes):
        after = _verdict(engine.update_of(TARGET, mask), "update")
    return before, after


def _verdict(outcome: Outcome, command: str) -> BrakeState:
    if outcome.exit_code:
        reasons = "; ".join(outcome.report.errors) or f"exit code {outcome.exit_code}"
        raise StepError(f"sprawl brake: its {command} failed: {reasons}")
    for inputs in outcome.report.inputs.get(_KIND, ()):
        if found := brake_policy.state(inputs.get("spec")):
            return _state(found, f"resource {POLICY}")
    raise StepError(f"sprawl brake: its {command} shows no verdict of resource {POLICY}. Check its log")


def _state(document: object, place: str) -> BrakeState:
    try:
        return BrakeState.of(document)
    except ValueError as error:
        raise StepError(f"sprawl brake: {place}: {error}. Run `pulumi up`") from None
