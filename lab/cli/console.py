"""Common parts of the commands: the log of their calls, prompts, tables.

Each call is one JSON line in the lab's ``log/calls.jsonl``: ``time`` (seconds since the epoch), ``argv`` with
masked secrets, ``exit_code``, ``seconds``. Tests use it to count calls.
"""

from __future__ import annotations

import getpass
import json
import os
import sys
import time
from collections.abc import Callable, Iterable, Sequence

from lab.layout import Lab


class CliError(Exception):
    """The command fails; the message is printed for the user."""


def recorded(name: str, arguments: Sequence[str], secret_flags: Iterable[str], run: Callable[[], int]) -> int:
    """Runs a command, logs the call and returns the exit code."""
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
    """Masks the values of these flags, given as ``-p x``, ``-px`` or ``--flag=x``."""
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
    """Joins each value of these flags to its flag (``-px``, ``--flag=x``).

    A generated password may begin with a dash: argparse would parse it as the next flag, but the real command
    accepts any value.
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
    """Prompts for a secret without echo; reads a line of standard input if that is not a terminal."""
    if sys.stdin.isatty():
        return getpass.getpass(prompt)
    print(prompt, end="", flush=True)
    return sys.stdin.readline().rstrip("\n")


def confirm(question: str) -> None:
    """Asks ``question``, which ends in ``(y/n)``.

    Raises:
        CliError: The answer is not yes.
    """
    print(f"{question}: ", end="", flush=True)
    if sys.stdin.readline().strip().lower() not in {"y", "yes"}:
        raise CliError("the command was cancelled; answer y, or use --non-interactive")


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Formats columns padded to their widest value, separated by two spaces, without trailing spaces."""
    lines = [header, *rows]
    widths = [max(len(line[column]) for line in lines) for column in range(len(header))]
    padded = (
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) for line in lines
    )
    return "\n".join(line.rstrip() for line in padded)


def _is_value_of(flag: str, argument: str) -> bool:
    """Whether ``argument`` is the flag itself or contains its value."""
    rest = argument[len(flag) :]
    return not rest or rest.startswith("=") or not flag.startswith("--")


def _log(entry: dict[str, object]) -> None:
    lab = Lab.from_environment()
    if not lab.home.is_dir():
        return
    descriptor = os.open(lab.path("log", "calls.jsonl"), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        # One write, because calls may run concurrently.
        os.write(descriptor, (json.dumps(entry) + "\n").encode())
    finally:
        os.close(descriptor)
