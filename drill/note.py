"""A note of what is broken, so that a run after a killed one restores it.

The file is locked while a run lasts, so two runs do not undo each other; a kill frees the lock, not the note.
"""

from __future__ import annotations

import fcntl
import json
import os
from dataclasses import asdict
from pathlib import Path
from types import TracebackType
from typing import Self

from drill.drills import Undo
from drill.environment import DrillError


class Note:
    """The note of one environment, as a context."""

    def __init__(self, path: Path) -> None:
        """Nothing is opened yet."""
        self._path = path

    def __enter__(self) -> Self:
        """Open and lock it.

        Raises:
            DrillError: Another run has it.
        """
        self._path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
        self._file = os.fdopen(descriptor, "r+")
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self._file.close()
            raise DrillError(
                f"another drill of this environment is under way (it holds {self._path})"
            ) from None
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Let it go; what is broken stays noted."""
        if not self._text():
            self._path.unlink(missing_ok=True)
        self._file.close()

    def read(self) -> tuple[str, Undo] | None:
        """What is broken, in words, and how it is restored; None when nothing is."""
        text = self._text()
        if not text:
            return None
        try:
            document = json.loads(text)
            return document["what"], Undo(document["command"], tuple(document["machines"]))
        except (ValueError, KeyError, TypeError):
            raise DrillError(
                f"{self._path} cannot be read: look in vCenter for VMs of the cluster that are off, power "
                "them on, and remove the file"
            ) from None

    def write(self, what: str, undo: Undo) -> None:
        """Note it, before it is broken."""
        self._replace(json.dumps({"what": what, **asdict(undo)}))

    def clear(self) -> None:
        """Nothing is broken any more."""
        self._replace("")

    def _text(self) -> str:
        self._file.seek(0)
        return self._file.read()

    def _replace(self, text: str) -> None:
        self._file.seek(0)
        self._file.truncate()
        self._file.write(text)
        self._file.flush()
        os.fsync(self._file.fileno())
