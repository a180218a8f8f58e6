"""The result of a drift check: drift, and how much capacity the pod network has left. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from ci.comment import counts
from ci.events import Report, Violation
from ci.markdown import bullet, changes, code, quiet, section
from domain.brake_state import BrakeState
from domain.leaked_namespaces import Leak, Leaked

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
        brake: The state of the sprawl brake before and after the check; None: there is none.
        leaked: Namespaces that survived their cluster.
        problems: Why other parts of the check failed.
    """

    stack: str
    failed: bool
    drift: Report
    pending: Report = field(default_factory=Report)
    state: Report = field(default_factory=Report)
    note: str = ""
    alarms: Sequence[str] = ()
    capacity: str = ""
    brake: tuple[BrakeState, BrakeState] | None = None
    leaked: Leaked = field(default_factory=Leaked)
    problems: Sequence[str] = ()

    @property
    def deployed_violations(self) -> list[Violation]:
        """Violations of what is deployed that the program no longer has, or cannot show."""
        return [item for item in self.state.violations if item not in self.pending.violations]

    @property
    def exit_code(self) -> int:
        """0: nothing found; 1: the check failed; 3: something found."""
        if self.failed or self.problems:
            return 1
        return FOUND if any(self._found().values()) else 0

    @property
    def errors(self) -> list[str]:
        """Why parts of the check failed."""
        return [*self.drift.errors, *self.pending.errors, *self.state.errors, *self.problems]

    @property
    def verdict(self) -> str:
        """The result in a few words."""
        if self.failed or self.problems:
            return "the drift check failed"
        return ", ".join(name for name, items in self._found().items() if items) or "no drift"

    def _found(self) -> Mapping[str, Sequence[object]]:
        return {
            "drift": self.drift.changes,
            "too little capacity": self.alarms,
            "policy violations": [*self.pending.violations, *self.deployed_violations],
            "leaked namespaces": self.leaked.remaining,
            self._brake: self._brake,
        }

    @property
    def _brake(self) -> str:
        """What the brake did, or that it is closed; empty: neither."""
        before, after = self.brake or (None, None)
        if before is None or after is None or (before.mode == after.mode and not after.closed):
            return ""
        return f"brake {' -> '.join(dict.fromkeys((before.mode, after.mode)))}"


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
        section("Sprawl brake", _braking(found.brake), _SECTION),
        section("Too little capacity", map(bullet, found.alarms), _SECTION),
        section("Policy violations", map(_violation, found.pending.violations), _SECTION),
        section(
            "Policy violations of the deployed state", map(_violation, found.deployed_violations), _SECTION
        ),
        found.note,
        section("Namespaces that survived their cluster", map(_leak, found.leaked.remaining), _SECTION),
        section(
            "Reclaimed",
            (f"- {code(leak.name)} (of {leak.owner})" for leak in found.leaked.reclaimed),
            _SECTION,
        ),
        section("Capacity of the pod network", found.capacity.splitlines(), _SECTION),
        section(
            "Merged and not deployed", [counts(found.pending)] if found.pending.changes else [], _SECTION
        ),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _leak(leak: Leak) -> str:
    """The command that removes it, and whether ``--reclaim`` does."""
    note = f"not removed by `--reclaim`: {quiet(leak.kept)}" if leak.kept else "`--reclaim` removes it"
    return f"- {code(leak.command)} (of {leak.owner}; {note})"


def _braking(brake: tuple[BrakeState, BrakeState] | None) -> list[str]:
    if brake is None:
        return []
    before, after = brake
    changed = f"{before.mode} -> " if before.mode != after.mode else ""
    return [bullet(f"brake: {changed}{after}")]
