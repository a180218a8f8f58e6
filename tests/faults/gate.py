"""The faults of a schedule, and where each call to a system passes."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

KINDS = (
    *("refused", "lost", "expired", "garbage", "hangs before", "hangs after"),
    *("killed before", "killed after"),
)
"""What can happen at a call: ``before`` its effect or ``after`` it; ``lost`` is the answer."""
T = TypeVar("T")


class Killed(BaseException):
    """The process that made the call is killed."""


@dataclass(frozen=True)
class Fault:
    """What happens at the n-th call of a command."""

    command: str
    number: int
    kind: str


@dataclass
class Gate:
    """Counts the calls and lets the faults happen.

    Attributes:
        faults: Those that are to happen.
        taken: Those that have happened.
        counts: Calls by command.
        dead: Whether the process that calls was killed.
    """

    faults: list[Fault]
    taken: list[Fault] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    dead: bool = False

    def __post_init__(self) -> None:
        """One call at a time."""
        self._lock = threading.RLock()

    def call(self, command: str, effect: Callable[[], T], faulty: Callable[[str], T]) -> T:
        """One call.

        Args:
            command: What is called.
            effect: Does it; returns the answer.
            faulty: The answer of a fault, or raises what the client sees: no answer.
        """
        with self._lock:
            if self.dead:  # a thread of the killed process
                raise Killed
            self.counts[command] += 1
            kind = next(
                (f.kind for f in self.faults if (f.command, f.number) == (command, self.counts[command])), ""
            )
            if kind:
                self.taken.append(Fault(command, self.counts[command], kind))
            if kind in {"refused", "expired", "hangs before"}:
                return faulty(kind)
            if kind != "killed before":
                answer = effect()
            if kind.startswith("killed"):
                self.dead = True
                raise Killed
            return faulty(kind) if kind else answer
