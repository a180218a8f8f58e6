"""Ends this process in good order when the engine that wanted its work has been killed.

A killed engine tells its plugins nothing, and they notice it after minutes. Until then the work would go on
unseen, beside that of the next run.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

_SECONDS = 1.0
_EXIT_CODE = 128 + signal.SIGTERM


@contextmanager
def ending_with_engine() -> Iterator[None]:
    """In the body SIGTERM, or that plugin or engine is gone, raises ``SystemExit``: what is open is put away.

    Ctrl-C is none of this process's business: at the first one the engine lets end what is under way. It is a
    timer that looks for the engine, no thread, since children are forked.
    """
    family = _family()

    def end(_number: int, _frame: FrameType | None) -> None:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        sys.exit(_EXIT_CODE)

    def look(number: int, frame: FrameType | None) -> None:
        if _family() != family:
            end(number, frame)

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGALRM, look)
    signal.setitimer(signal.ITIMER_REAL, _SECONDS, _SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


def _family() -> tuple[int, int]:
    """The parent, which is the plugin, and its parent, which is the engine; an orphan gets others."""
    plugin = os.getppid()
    try:
        stat = Path(f"/proc/{plugin}/stat").read_text()
    except OSError:  # it is ending, or this is no Linux
        return plugin, 0
    # proc(5): the second field, in parentheses, is a name that may hold anything.
    return plugin, int(stat.rpartition(")")[2].split()[1])
