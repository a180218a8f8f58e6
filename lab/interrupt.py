"""Ctrl-C: the first one ends the command in order, at any moment; further ones change nothing about that."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Callable
from types import FrameType

INTERRUPTED = 130
"""Exit code of a shell's command that Ctrl-C has ended."""


def exit_code(run: Callable[[], int], message: str) -> int:
    """The exit code of ``run``, or of an interrupted command.

    Without it a second Ctrl-C while the first is handled, or while the interpreter ends, would kill this
    process by the signal. A command in the background of a shell, which ignores Ctrl-C, still does.
    """
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, _first)
    try:
        return run()
    except KeyboardInterrupt:
        print(f"\n{message}", file=sys.stderr)
        return INTERRUPTED


def wait(start: Callable[[], subprocess.Popen[bytes]], note: str) -> int:
    """Wait for the process that ``start`` starts, which gets each Ctrl-C; the first one shows the note.

    Raises:
        KeyboardInterrupt: There was one, and the process has ended. Further ones are ignored.
    """
    running: subprocess.Popen[bytes] | None = None
    pressed, early = 0, False

    def pass_on(_number: int, _frame: FrameType | None) -> None:
        nonlocal pressed, early
        pressed += 1
        if running:
            running.send_signal(signal.SIGINT)
        else:
            early = True
        if pressed == 1:
            print(f"\n{note}", file=sys.stderr)

    before = signal.getsignal(signal.SIGINT)
    if before == signal.SIG_IGN:
        return start().wait()
    signal.signal(signal.SIGINT, pass_on)  # first: an exception while it starts would leave it running
    try:
        running = start()
        if early:
            running.send_signal(signal.SIGINT)
        code = running.wait()
    finally:
        signal.signal(signal.SIGINT, signal.SIG_IGN if pressed else before)
    if pressed:
        raise KeyboardInterrupt
    return code


def _first(_number: int, _frame: FrameType | None) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    raise KeyboardInterrupt
