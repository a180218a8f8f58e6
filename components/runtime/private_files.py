"""The one home of private temporary files: read by this user alone, gone with the process that made them.

Each directory is locked (flock) while its process lives. A directory without a lock is a killed process's:
the next start removes it. A process id in the name would not do, because the kernel uses it again.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_PREFIX = ".rancher-on-pks-private-"
_held: set[Path] = set()


@contextmanager
def private_directory(purpose: str) -> Iterator[Path]:
    """A temporary directory that only this user can read, deleted after the body, or at the next start."""
    sweep()
    directory, lock = _made(purpose)
    _held.add(directory)
    try:
        yield directory
    finally:
        shutil.rmtree(directory, ignore_errors=True)
        _held.discard(directory)
        os.close(lock)


def sweep() -> None:
    """Remove the directories that killed processes of this user left."""
    for directory in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        with suppress(OSError):  # another process removes it, or still holds it, or it is another user's
            lock = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
            try:
                if os.fstat(lock).st_uid == os.getuid():
                    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    shutil.rmtree(directory, ignore_errors=True)
            finally:
                os.close(lock)


def remove_all() -> None:
    """Remove what this process has; for an end without cleanup (``os._exit``)."""
    for directory in list(_held):
        shutil.rmtree(directory, ignore_errors=True)


def _made(purpose: str) -> tuple[Path, int]:
    """A new directory and its lock; made again when another process's sweep came between the two."""
    while True:
        directory = Path(tempfile.mkdtemp(prefix=f"{_PREFIX}{purpose}-"))
        with suppress(FileNotFoundError):
            lock = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
            fcntl.flock(lock, fcntl.LOCK_EX)
            if directory.exists():
                return directory, lock
            os.close(lock)
