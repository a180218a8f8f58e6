"""Markdown of the engine's texts, with nothing in it that GitHub would take for our own. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ci.events import REPLACE, Change, Property
from domain.redaction import MASK, names_secret

_VALUE = 80
_TEXT = 2_000
_PROPERTIES = 8
_ORDER = {REPLACE: 0, "delete": 1, "update": 2, "create": 3}
_PARTS = ("pulumi:", "rancher-on-pks:")
"""Types that only hold others together: the stack, its providers, components."""


def section(title: str, lines: Iterable[str], limit: int) -> str:
    """A section with as many lines as fit into ``limit`` characters; empty without any line."""
    kept: list[str] = []
    left_out, size = 0, 0
    for line in lines:
        size += len(line) + 1
        if size <= limit:
            kept.append(line)
        else:
            left_out += 1
    if left_out:
        kept += ["", f"{left_out} more are in the log of the job."]
    return "\n".join([f"#### {title}", "", *kept]) if kept else ""


def changes(title: str, found: Iterable[Change], limit: int) -> str:
    """A table of the resources that change, what is destroyed first."""
    shown = [change for change in found if not change.kind.startswith(_PARTS)]
    shown.sort(key=lambda change: _ORDER.get(change.operation, len(_ORDER)))
    head = ["| resource | type | operation | what changes |", "|---|---|---|---|"]
    return section(title, [*head, *(_row(change) for change in shown)] if shown else [], limit)


def bullet(text: str) -> str:
    """A text of the program's, of several lines maybe, as an item of a list."""
    lines = [line.rstrip() for line in text[:_TEXT].splitlines() if line.strip()]
    return "- " + "\n  ".join(map(quiet, lines))


def quiet(text: str) -> str:
    """Text that mentions nobody, opens no tag and ends no cell of a table."""
    return text.replace("@", "@\u200b").replace("<", "&lt;").replace("|", "\\|")


def code(text: str) -> str:
    """A code span; a pipe would end the table's cell, a backtick the span."""
    return f"`{' '.join(text.split()).replace('`', chr(39)).replace('|', chr(92) + '|')}`"


def folded(title: str, text: str, limit: int) -> str:
    """A text as it is, folded, cut so that all of it takes at most ``limit`` characters."""
    head, foot = f"<details><summary>{title}</summary>\n\n````\n", "\n````\n\n</details>"
    text, room = text.rstrip().lstrip("\n").replace("````", "'''"), limit - len(head) - len(foot)
    if not text or room < 1_000:
        return ""
    if len(text) > room:
        note = "\n... cut; the whole is in the log of the job"
        text = text[: room - len(note)] + note
    return f"{head}{text}{foot}"


def _row(change: Change) -> str:
    operation = f"**{change.operation}**" if change.operation in {REPLACE, "delete"} else change.operation
    shown = [_property(item, change.because) for item in change.properties[:_PROPERTIES]]
    if len(change.properties) > _PROPERTIES:
        shown.append(f"and {len(change.properties) - _PROPERTIES} more")
    if change.because and not shown:
        shown.append(f"because of {', '.join(map(code, change.because))}")
    return f"| {code(change.name)} | {code(_short(change.kind))} | {operation} | {'<br>'.join(shown)} |"


def _short(kind: str) -> str:
    """A type token as the engine shows it: without parts that only repeat others."""
    package, module, name = kind.split(":")
    parts = [
        part for part in module.split("/") if part not in {"index", "dynamic", name[:1].lower() + name[1:]}
    ]
    return ":".join([package, *(["/".join(parts)] if parts else []), name])


def _property(item: Property, because: Sequence[str]) -> str:
    replaces = " (replaces)" if any(item.path.startswith(key) for key in because) else ""
    if MASK in (item.old, item.new) or names_secret(item.path):
        return f"{code(item.path)}: a secret{replaces}"
    return f"{code(item.path)}: {_value(item.old)} → {_value(item.new)}{replaces}"


def _value(value: str | None) -> str:
    if value is None:
        return "none"
    text = " ".join(value.split())
    return code(text if len(text) <= _VALUE else f"{text[: _VALUE - 1]}…")
