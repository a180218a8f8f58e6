"""Runs work in a child process that always cleans up.

The command plugin kills its commands with SIGKILL: on a second Ctrl-C, and when the engine is gone
(pulumi-command runs commands with the context of the engine's call). The child notices and cleans up.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from types import FrameType

_SECONDS = 0.5
_ENDED = 128 + signal.SIGTERM


def run_in_child(work: Callable[[], int]) -> int:
    """Run the work in a child process; returns its exit code.

    On SIGTERM, and when this process is gone, the child raises ``SystemExit``. Ignores Ctrl-C; the engine
    lets running operations finish.
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
    """Run the work; stop when ``parent`` is gone. Polls with a timer: threads do not survive a fork."""

    def stop(_number: int, _frame: FrameType | None) -> None:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        sys.exit(_ENDED)

    def check_parent(number: int, frame: FrameType | None) -> None:
        if os.getppid() != parent:
            stop(number, frame)

    os.setsid()
    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGALRM, check_parent)
    signal.setitimer(signal.ITIMER_REAL, _SECONDS, _SECONDS)
    try:
        return work()
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
