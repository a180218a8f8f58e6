"""Runs a parser on its inputs, and judges what it does with each."""

from __future__ import annotations

import re
import signal
import sys
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

MOST_MEBIBYTES = 300
_MOST_SECONDS = 5.0
"""For one input. A parser that takes longer can be made to hang."""
_HANG_SECONDS = 20.0
_LONGEST_MESSAGE = 50_000
_TESTS = Path(__file__).parent


@dataclass(frozen=True)
class Target:
    """A parser.

    Attributes:
        name: Its name.
        samples: What it normally reads.
        mutated: Makes a hostile input of one of them.
        read: Reads one input.
        errors: How it may refuse one.
    """

    name: str
    samples: tuple[Any, ...]
    mutated: Callable[[Random, Any], Any]
    read: Callable[[Any], object]
    errors: tuple[type[Exception], ...] = ()

    def input(self, seed: int, number: int) -> Any:
        """An input: always the same for the same numbers."""
        draw = Random(f"{seed} {self.name} {number}")  # noqa: S311 - repeatable, not secret
        return self.mutated(draw, draw.choice(self.samples))


@dataclass
class Result:
    """What became of the inputs.

    Attributes:
        inputs: How many there were.
        read: Those that the parser accepted.
        refused: Those that it refused with one of its errors.
        failures: Number of the input and what happened, of the others.
        mebibytes: Peak of the process's memory.
        seconds: Of all.
        slowest: Seconds of the slowest input.
    """

    inputs: int
    read: int = 0
    refused: int = 0
    failures: list[tuple[int, str]] = field(default_factory=list)
    mebibytes: int = 0
    seconds: float = 0.0
    slowest: float = 0.0


def run(target: Target, seed: int, first: int, count: int) -> Result:
    """Have the parser read inputs, in this process."""
    result, start = Result(count), time.process_time()
    signal.signal(signal.SIGPROF, _hangs)
    for number in range(first, first + count):
        given, before = target.input(seed, number), time.process_time()
        signal.setitimer(signal.ITIMER_PROF, _HANG_SECONDS)
        try:
            target.read(given)
            result.read += 1
        except target.errors as error:
            result.refused += 1
            if wrong := _unclear(error):
                result.failures.append((number, wrong))
        except Exception as error:
            result.failures.append((number, f"{type(error).__name__}: {str(error)[:200]!r} {_where(error)}"))
        took = time.process_time() - before
        result.slowest = max(result.slowest, took)
        if took > _MOST_SECONDS:
            result.failures.append((number, f"took {took:.1f} s"))
    signal.setitimer(signal.ITIMER_PROF, 0)
    result.seconds = time.process_time() - start
    result.mebibytes = _peak_mebibytes()
    return result


def _hangs(*_: object) -> None:
    raise _HangsError(f"no end after {_HANG_SECONDS:g} s")


class _HangsError(RuntimeError):
    """The parser does not end."""


def _unclear(error: Exception) -> str:
    """What is wrong with an error's text; empty if nothing is."""
    text = str(error)
    if not text.strip():
        return f"{type(error).__name__} without a text"
    if len(text) > _LONGEST_MESSAGE and not hasattr(error, "findings"):  # those are all errors at once
        return f"{type(error).__name__} with {len(text)} characters"
    try:
        text.encode(sys.stdout.encoding or "utf-8")
    except UnicodeEncodeError:
        return f"{type(error).__name__} whose text cannot be printed"
    return ""


def _where(error: Exception) -> str:
    """The last place of the project in a traceback."""
    frames = [
        frame
        for frame in traceback.extract_tb(error.__traceback__)
        if "/site-packages/" not in frame.filename
    ]
    own = [frame for frame in frames if not frame.filename.startswith(("/usr", str(_TESTS), "<frozen"))]
    frame = (own or frames)[-1]
    return f"at {'/'.join(frame.filename.split('/')[-3:])}:{frame.lineno}: {frame.line}"


def _peak_mebibytes() -> int:
    """Of this program: ``getrusage`` has that of the process before ``exec``, too, which was the parent's."""
    found = re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())
    assert found
    return int(found[1]) // 1024
