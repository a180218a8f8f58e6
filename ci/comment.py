"""The comment that a reviewer sees: what a pull request does to one stack. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ci.events import Report, Violation
from ci.gate import LABEL
from ci.markdown import bullet, changes, code, folded, quiet, section

LIMIT = 65_000
"""GitHub refuses a comment of more than 65,536 characters."""

_ERRORS, _LOSSES, _VIOLATIONS, _CAPACITY, _CHANGES, _WARNINGS = 8_000, 6_000, 12_000, 6_000, 20_000, 6_000
"""Characters that each section may take; the engine's own diff gets what they leave."""


@dataclass(frozen=True, kw_only=True)
class Preview:
    """The result of a preview, without secrets.

    Attributes:
        stack: Name of the stack.
        report: The engine's report.
        failed: Whether the engine's command failed.
        destroyed: Destruction that needs approval (:mod:`ci.gate`).
        allowed: Whether it is approved.
        capacity: Markdown about the pod network.
        diff: What ``pulumi preview --diff`` prints.
        notes: Notes for the reviewer.
        source: The commit, and where the run's log is.
    """

    stack: str
    report: Report
    failed: bool
    destroyed: Sequence[str] = ()
    allowed: bool = False
    capacity: str = ""
    diff: str = ""
    notes: Sequence[str] = ()
    source: str = ""

    @property
    def refused(self) -> bool:
        """Whether the change may not be deployed as it is."""
        return self.failed or (bool(self.destroyed) and not self.allowed)

    @property
    def verdict(self) -> str:
        """The result in a few words."""
        if any(violation.mandatory for violation in self.report.violations):
            return "refused by a policy"
        if self.failed:
            return "failed"
        if self.refused:
            return "refused, it needs approval to destroy"
        return "can be deployed" if self.report.changes else "nothing changes"


def marker(stack: str) -> str:
    """The hidden first line that identifies the comment on a stack."""
    return f"<!-- rancher-on-pks: preview of {stack} -->"


def render(preview: Preview) -> str:
    """The comment; never longer than GitHub accepts."""
    report = preview.report
    parts = [
        f"{marker(preview.stack)}\n### Preview of `{preview.stack}`: {preview.verdict}",
        *(f"> {quiet(note)}" for note in preview.notes),
        "" if preview.failed and not report.finished else counts(report),
        section("Errors", map(bullet, _errors(report)), _ERRORS),
        section(_destructive(preview), map(bullet, preview.destroyed), _LOSSES),
        section("Policy violations", map(_violation, report.violations), _VIOLATIONS),
        section("Capacity of the pod network", preview.capacity.splitlines(), _CAPACITY),
        changes("Changed resources", report.changes, _CHANGES),
        section("Warnings", map(bullet, report.warnings), _WARNINGS),
    ]
    text = "\n\n".join(part for part in parts if part)
    end = f"<sub>{quiet(preview.source)}</sub>\n" if preview.source else ""
    diff = folded("pulumi preview --diff", preview.diff, LIMIT - len(text) - len(end) - 4)
    return "\n\n".join(part for part in (text, diff, end) if part)


def counts(report: Report) -> str:
    """How many resources change, in which way."""
    changing = {name: number for name, number in sorted(report.counts.items()) if name != "same" and number}
    same = report.counts.get("same", 0)
    unchanged = f"{same} {'stays' if same == 1 else 'stay'} unchanged."
    if not changing:
        return unchanged if report.finished else ""
    return f"{', '.join(f'**{number} to {name}**' for name, number in changing.items())}, {unchanged}"


def _errors(report: Report) -> list[str]:
    """Why it failed, without the engine's general line after a violation."""
    return [error for error in report.errors if not report.violations or error != "preview failed"]


def _destructive(preview: Preview) -> str:
    if preview.allowed:
        return f"Destroyed, as the label `{LABEL}` allows"
    return f"Destroyed; to approve it, a maintainer adds the label `{LABEL}`"


def _violation(violation: Violation) -> str:
    where = f" on {code(violation.resource)}" if violation.resource else ""
    level = "" if violation.mandatory else " (advisory)"
    return f"- **{violation.policy}**{level}{where}: {bullet(violation.message)[2:]}"
