"""What a look at a stack found: drift, and how much room its pod network has left. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from ci.comment import counts
from ci.events import Report
from ci.markdown import bullet, changes, section
from domain.redaction import Redactor

FOUND = 3
"""Exit code when the look went well and something has to be looked after."""

_SECTION = 12_000
_DRIFT = "Changed by something other than this program"
_REMEDY = (
    "Undo it by hand, or take it over into the state with `pulumi refresh`: the next preview then shows what "
    "this program makes of it. Until then nothing is deployed."
)


@dataclass(frozen=True, kw_only=True)
class Findings:
    """What was found.

    Attributes:
        stack: Name of the stack.
        failed: Whether a part of the look failed, for another reason than what it found.
        drift: What ``pulumi refresh --preview-only`` told.
        pending: What ``pulumi preview`` told: what is merged and not deployed, and what the policies say.
        alarms: Limits of the pod network with too little room.
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
        """0: nothing; 1: the look failed; 3: something."""
        if self.failed:
            return 1
        return FOUND if self.drift.changes or self.alarms or self.pending.violations else 0

    @property
    def verdict(self) -> str:
        """How it ended, in a few words."""
        if self.failed:
            return "the look failed"
        found = {
            "drift": self.drift.changes,
            "too little room": self.alarms,
            "policy violations": self.pending.violations,
        }
        return ", ".join(name for name, items in found.items() if items) or "no drift"


def render(found: Findings, mask: Redactor) -> str:
    """The report of a look, for a person."""
    parts = [
        f"<!-- rancher-on-pks: look at {found.stack} -->\n### `{found.stack}`: {found.verdict}",
        section("Errors", map(bullet, (*found.drift.errors, *found.pending.errors)), _SECTION),
        changes(_DRIFT, found.drift.changes, mask, _SECTION),
        _REMEDY if found.drift.changes else "",
        section("Too little room", map(bullet, found.alarms), _SECTION),
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
    return mask("\n\n".join(part for part in parts if part)) + "\n"
