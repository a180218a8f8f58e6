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


def wait(process: subprocess.Popen[bytes], note: str) -> int:
    """Wait for a process, which gets each Ctrl-C; the first one shows the note.

    Raises:
        KeyboardInterrupt: There was one, and the process has ended. Further ones are ignored.
    """
    passed_on = 0

    def pass_on(_number: int, _frame: FrameType | None) -> None:
        nonlocal passed_on
        passed_on += 1
        process.send_signal(signal.SIGINT)
        if passed_on == 1:
            print(f"\n{note}", file=sys.stderr)

    before = signal.getsignal(signal.SIGINT)
    if before == signal.SIG_IGN:
        return process.wait()
    signal.signal(signal.SIGINT, pass_on)
    code = process.wait()
    signal.signal(signal.SIGINT, signal.SIG_IGN if passed_on else before)
    if passed_on:
        raise KeyboardInterrupt
    return code


def _first(_number: int, _frame: FrameType | None) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    raise KeyboardInterrupt
