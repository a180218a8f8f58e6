"""Work that puts away what it has opened, also when the command plugin kills the process that it started.

It does so with SIGKILL: when Ctrl-C is pressed twice, and when the engine is gone (pulumi-command runs its
commands with the context of the engine's call). So the work is done in a child, which notices that.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from types import FrameType

_SECONDS = 0.5
_ENDED = 128 + signal.SIGTERM


def in_child(work: Callable[[], int]) -> int:
    """Do the work in a child; returns its exit code.

    At SIGTERM, and when this process is gone, ``SystemExit`` is raised in the child. Ctrl-C is none of
    anybody's business here: at the first one the engine lets end what is under way.
    """
    own = os.getpid()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    child = os.fork()
    if child == 0:
        return _watched(work, own)
    signal.signal(signal.SIGTERM, lambda number, _frame: os.kill(child, number))
    _, status = os.waitpid(child, 0)
    code = os.waitstatus_to_exitcode(status)
    return code if code >= 0 else 128 - code


def _watched(work: Callable[[], int], parent: int) -> int:
    """The work, ended when ``parent`` is. A timer looks for it, no thread: children are forked."""

    def end(_number: int, _frame: FrameType | None) -> None:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        sys.exit(_ENDED)

    def look(number: int, frame: FrameType | None) -> None:
        if os.getppid() != parent:
            end(number, frame)

    os.setsid()
    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGALRM, look)
    signal.setitimer(signal.ITIMER_REAL, _SECONDS, _SECONDS)
    try:
        return work()
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
