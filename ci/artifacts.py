"""Artifacts of jobs that run unreviewed code: bounded and made harmless before they are published. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import PurePath

from ci import drift
from ci.comment import LIMIT, marker
from ci.problem import StepError

_MARKER = re.compile(r"<!--.*?(-->|\Z)", re.S)
_FOLDER = re.compile(r"[a-z]+-(\d+)")


def stack_of(file: PurePath, known: Sequence[str]) -> str:
    """The stack that a file is about: by the name of its artifact, never by what it says.

    Args:
        file: ``<name>-<index>/comment.md``, the index that of the job in the workflow's matrix.
        known: The stacks of that matrix.

    Raises:
        StepError: The artifact belongs to no job.
    """
    found = _FOLDER.fullmatch(file.parent.name)
    if found is None or int(found[1]) >= len(known):
        raise StepError(f"{file}: the artifact belongs to no job of this run; it is ignored")
    return str(known[int(found[1])])


def comment(stack: str, content: bytes) -> str:
    """The comment on a stack, begun by the line that identifies it."""
    first = marker(stack)
    return f"{first}\n{harmless(content)[: LIMIT - len(first) - 1]}"


def issue(stack: str, content: bytes) -> str:
    """The issue on a stack, begun by the line that identifies it."""
    return f"{drift.marker(stack)}\n{harmless(content)}"


def harmless(content: bytes) -> str:
    """Text that mentions nobody and hides nothing, of the size that GitHub accepts."""
    text = content[: 4 * LIMIT].decode(errors="replace")
    return re.sub("@(?!\u200b)", "@\u200b", _MARKER.sub("", text).lstrip("\n"))[:LIMIT]
