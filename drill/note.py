"""A note of what is broken, so that the next run can restore it after a kill.

The file is locked during a run, so two runs do not undo each other. A kill releases the lock; the note stays.
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
        """Make it; no file is opened."""
        self._path = path

    def __enter__(self) -> Self:
        """Open and lock the file.

        Raises:
            DrillError: Another run holds it.
        """
        self._path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
        self._file = os.fdopen(descriptor, "r+")
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self._file.close()
            raise DrillError(f"another drill of this cluster is running (it holds {self._path})") from None
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Unlock the file; it is deleted unless something is broken."""
        if not self._text():
            self._path.unlink(missing_ok=True)
        self._file.close()

    def read(self) -> tuple[str, Undo] | None:
        """What is broken, in words, and how it is undone; None when nothing is.

        Raises:
            DrillError: The file cannot be read.
        """
        text = self._text()
        if not text:
            return None
        try:
            document = json.loads(text)
            command, vms = (tuple(map(str, document[name])) for name in ("command", "vms"))
            return str(document["what"]), Undo(command, vms)
        except (ValueError, KeyError, TypeError):
            raise DrillError(
                f"{self._path} cannot be read. Power on the cluster's VMs that are off in vCenter, then "
                "delete the file"
            ) from None

    def write(self, what: str, undo: Undo) -> None:
        """Note it, before it is broken."""
        self._replace(json.dumps({"what": what, **asdict(undo)}))

    def clear(self) -> None:
        """Note that nothing is broken."""
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
