"""The result of a drift check: drift, and how much capacity the pod network has left. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from ci.comment import counts
from ci.events import Report
from ci.markdown import bullet, changes, section

FOUND = 3
"""Exit code when the check succeeded and found something."""

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
        alarms: Limits of the pod network with too little capacity left.
        capacity: Markdown about the pod network.
    """

    stack: str
    failed: bool
    drift: Report
    pending: Report = field(default_factory=Report)
    alarms: Sequence[str] = ()
    capacity: str = ""

    @property
    def exit_code(self) -> int:
        """0: nothing found; 1: the check failed; 3: something found."""
        if self.failed:
            return 1
        return FOUND if self.drift.changes or self.alarms or self.pending.violations else 0

    @property
    def verdict(self) -> str:
        """The result in a few words."""
        if self.failed:
            return "the drift check failed"
        found = {
            "drift": self.drift.changes,
            "too little capacity": self.alarms,
            "policy violations": self.pending.violations,
        }
        return ", ".join(name for name, items in found.items() if items) or "no drift"


def marker(stack: str) -> str:
    """The hidden first line that identifies the issue on a stack."""
    return f"<!-- rancher-on-pks: drift of {stack} -->"


def render(found: DriftCheck) -> str:
    """The report of a check, for a person."""
    parts = [
        f"{marker(found.stack)}\n### `{found.stack}`: {found.verdict}",
        section("Errors", map(bullet, (*found.drift.errors, *found.pending.errors)), _SECTION),
        changes(_DRIFT, found.drift.changes, _SECTION),
        _REMEDY if found.drift.changes else "",
        section("Too little capacity", map(bullet, found.alarms), _SECTION),
        section(
            "Policy violations",
            (bullet(f"{item.policy}: {item.message}") for item in found.pending.violations),
            _SECTION,
        ),
        section("Capacity of the pod network", found.capacity.splitlines(), _SECTION),
        section(
            "Merged and not deployed", [counts(found.pending)] if found.pending.changes else [], _SECTION
        ),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"
