"""The result of a drift check: drift, and how much capacity the pod network has left. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from ci.comment import counts
from ci.events import Report, Violation
from ci.markdown import bullet, changes, section

FOUND = 3
"""Exit code when the check succeeded and found something."""

NOT_JUDGED = (
    "The policies have judged the program, but not the deployed state: this version of `pulumi` has no "
    "`pulumi policy analyze`."
)

_SECTION = 12_000
_DRIFT = "Changed by something other than this program"
_REMEDY = (
    "Undo it by hand, or accept it into the state with `pulumi refresh`: the next preview then shows what "
    "this program changes back. Until then nothing is deployed."
)


@dataclass(frozen=True, kw_only=True)
class DriftCheck:
    """What a check found, without secrets.

    Attributes:
        stack: Name of the stack.
        failed: Whether a part of the check failed, for another reason than what it found.
        drift: Report of ``pulumi refresh --preview-only``.
        pending: Report of ``pulumi preview``: what is merged but not deployed, and policy violations.
        state: Report of ``pulumi policy analyze``: policy violations of what is deployed.
        note: What was not checked, and why.
        alarms: Limits of the pod network with too little capacity left.
        capacity: Markdown about the pod network.
    """

    stack: str
    failed: bool
    drift: Report
    pending: Report = field(default_factory=Report)
    state: Report = field(default_factory=Report)
    note: str = ""
    alarms: Sequence[str] = ()
    capacity: str = ""

    @property
    def deployed_violations(self) -> list[Violation]:
        """Violations of what is deployed that the program no longer has, or cannot show."""
        return [item for item in self.state.violations if item not in self.pending.violations]

    @property
    def exit_code(self) -> int:
        """0: nothing found; 1: the check failed; 3: something found."""
        if self.failed:
            return 1
        violations = self.pending.violations or self.deployed_violations
        return FOUND if self.drift.changes or self.alarms or violations else 0

    @property
    def errors(self) -> list[str]:
        """Why parts of the check failed."""
        return [*self.drift.errors, *self.pending.errors, *self.state.errors]

    @property
    def verdict(self) -> str:
        """The result in a few words."""
        if self.failed:
            return "the drift check failed"
        found = {
            "drift": self.drift.changes,
            "too little capacity": self.alarms,
            "policy violations": [*self.pending.violations, *self.deployed_violations],
        }
        return ", ".join(name for name, items in found.items() if items) or "no drift"


def _violation(found: Violation) -> str:
    return bullet(f"{found.policy}: {found.message}")


def marker(stack: str) -> str:
    """The hidden first line that identifies the issue on a stack."""
    return f"<!-- rancher-on-pks: drift of {stack} -->"


def render(found: DriftCheck) -> str:
    """The report of a check, for a person."""
    parts = [
        f"{marker(found.stack)}\n### `{found.stack}`: {found.verdict}",
        section("Errors", map(bullet, found.errors), _SECTION),
        changes(_DRIFT, found.drift.changes, _SECTION),
        _REMEDY if found.drift.changes else "",
        section("Too little capacity", map(bullet, found.alarms), _SECTION),
        section("Policy violations", map(_violation, found.pending.violations), _SECTION),
        section(
            "Policy violations of the deployed state", map(_violation, found.deployed_violations), _SECTION
        ),
        found.note,
        section("Capacity of the pod network", found.capacity.splitlines(), _SECTION),
        section(
            "Merged and not deployed", [counts(found.pending)] if found.pending.changes else [], _SECTION
        ),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"
