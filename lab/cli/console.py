"""What the command lines share: the log of their calls, prompts, tables.

Each call is one JSON line in ``log/calls.jsonl`` of the lab: ``time`` (seconds since the epoch), ``argv``
with the secrets masked, ``exit_code``, ``seconds``. Tests count calls with it.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable, Iterable, Sequence

from lab.layout import Lab


class CliError(Exception):
    """The command fails; the message is what the user reads."""


def recorded(name: str, arguments: Sequence[str], secret_flags: Iterable[str], run: Callable[[], int]) -> int:
    """Run a command and log the call; returns its exit code."""
    start, code = time.time(), 1
    try:
        code = run()
    except KeyboardInterrupt:
        code = 130
    finally:
        _log(
            {
                "time": round(start, 3),
                "argv": [name, *masked(arguments, secret_flags)],
                "exit_code": code,
                "seconds": round(time.time() - start, 3),
            }
        )
    return code


def masked(arguments: Sequence[str], secret_flags: Iterable[str]) -> list[str]:
    """The arguments with the values of these flags hidden, in the forms ``-p x``, ``-px``, ``--flag=x``."""
    shown: list[str] = []
    hide = False
    for argument in arguments:
        flag = next((f for f in secret_flags if argument.startswith(f) and _is_value_of(f, argument)), None)
        if hide:
            shown.append("***")
        elif flag is None or argument == flag:
            shown.append(argument)
        else:
            shown.append(f"{flag}=***" if flag.startswith("--") else f"{flag}***")
        hide = not hide and argument == flag
    return shown


def attached(arguments: Sequence[str], flags: Iterable[str]) -> list[str]:
    """The arguments with each value of these flags joined to its flag (``-px``, ``--flag=x``).

    A generated password may begin with a dash: argparse would take it for the next flag, the real command
    line takes whatever follows.
    """
    joined: list[str] = []
    rest = iter(arguments)
    for argument in rest:
        value = next(rest, None) if argument in flags else None
        if value is None:
            joined.append(argument)
        else:
            joined.append(f"{argument}={value}" if argument.startswith("--") else argument + value)
    return joined


def read_secret(prompt: str) -> str:
    """Ask for a secret on the terminal, without echo; a line of standard input when that is no terminal."""
    if not sys.stdin.isatty():
        print(prompt, end="", flush=True)
        return sys.stdin.readline().rstrip("\n")
    import termios  # noqa: PLC0415 - few calls need it

    before = termios.tcgetattr(sys.stdin)
    silent = termios.tcgetattr(sys.stdin)
    silent[3] &= ~termios.ECHO
    try:
        termios.tcsetattr(sys.stdin, termios.TCSAFLUSH, silent)
        print(prompt, end="", flush=True)
        return sys.stdin.readline().rstrip("\n")
    finally:
        termios.tcsetattr(sys.stdin, termios.TCSAFLUSH, before)
        print(flush=True)


def confirm(question: str) -> None:
    """Ask ``question``, which ends in ``(y/n)``.

    Raises:
        CliError: The answer is not yes.
    """
    print(f"{question}: ", end="", flush=True)
    if sys.stdin.readline().strip().lower() not in {"y", "yes"}:
        raise CliError("the command was cancelled; answer y, or use --non-interactive")


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Columns padded to their widest value, two spaces between them, nothing after the last."""
    lines = [header, *rows]
    widths = [max(len(line[column]) for line in lines) for column in range(len(header))]
    padded = (
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) for line in lines
    )
    return "\n".join(line.rstrip() for line in padded)


def _is_value_of(flag: str, argument: str) -> bool:
    """Whether ``argument`` is the flag itself or carries its value."""
    rest = argument[len(flag) :]
    return not rest or rest.startswith("=") or not flag.startswith("--")


def _log(entry: dict[str, object]) -> None:
    lab = Lab.from_environment()
    if not lab.home.is_dir():
        return
    descriptor = os.open(lab.path("log", "calls.jsonl"), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        os.write(descriptor, (json.dumps(entry) + "\n").encode())  # one write: calls may run at the same time
    finally:
        os.close(descriptor)
