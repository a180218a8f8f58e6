"""A foundation in this process, whose calls fail as a schedule says."""

from __future__ import annotations

import contextlib
import copy
import importlib
import io
import os
import tempfile
import threading
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any
from unittest import mock

from components.pks.cli import Pks
from components.pks.credentials import Access
from components.pks.provider import PksProvider
from components.runtime import waiting
from components.runtime.command import CommandTimeoutError, Outcome
from tests.pks import conftest

SECRET = "canary-of-the-client"
KINDS = (
    *("refused", "lost", "expired", "garbage", "hangs before", "hangs after"),
    *("killed before", "killed after"),
)
"""What can happen at a call: ``before`` its effect or ``after`` it; ``lost`` is the answer."""


class Killed(BaseException):
    """The process that made the call is killed."""


@dataclass(frozen=True)
class Fault:
    """What happens at the n-th call of a command."""

    command: str
    number: int
    kind: str


@dataclass
class Foundation:
    """PKS behind its CLI, as a test double of ``Command``."""

    faults: list[Fault]
    state: dict[str, Any] = field(default_factory=lambda: copy.deepcopy(conftest._STATE))
    taken: list[Fault] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    dead: bool = False

    def __post_init__(self) -> None:
        """Give the client its secret."""
        self.state["password"] = SECRET
        self._lock = threading.Lock()

    def redacted(self, text: str) -> str:
        return text.replace(SECRET, "***")

    def run(
        self,
        *arguments: str,
        timeout: float,
        environment: Mapping[str, str],
        password: str | None = None,
    ) -> Outcome:
        """One call, as ``Command.run``."""
        with self._lock:
            if self.dead:  # a thread of the killed process
                raise Killed
            command = arguments[0]
            self.counts[command] += 1
            fault = next(
                (f for f in self.faults if (f.command, f.number) == (command, self.counts[command])), None
            )
            kind = fault.kind if fault else ""
            if fault:
                self.taken.append(fault)
            before = {
                "refused": Outcome(1, "", "Error: 503 Service Unavailable"),
                "expired": Outcome(
                    1, "", "Error: You are not currently authenticated. Please log in to continue"
                ),
            }
            if kind in before:
                return before[kind]
            self._end(kind, "before", command)
            outcome = self._effect(arguments, environment)
            self._end(kind, "after", command)
            if kind == "lost":
                return Outcome(1, "", "Error: 502 Bad Gateway")
            return Outcome(0, "<html>", "<html>") if kind == "garbage" else outcome

    def _end(self, kind: str, moment: str, command: str) -> None:
        if kind == f"killed {moment}":
            self.dead = True
            raise Killed
        if kind == f"hangs {moment}":
            raise CommandTimeoutError(f"`pks {command}` did not answer")

    def _effect(self, arguments: tuple[str, ...], environment: Mapping[str, str]) -> Outcome:
        fake, output = _fake(), io.StringIO()
        names, flags = fake._parse(list(arguments[1:]))
        with mock.patch.dict(os.environ, environment), contextlib.redirect_stdout(output):
            try:
                fake._run(self.state, arguments[0], names, flags)
            except SystemExit as error:
                return Outcome(1, output.getvalue(), f"{output.getvalue()}\n{error}".strip())
        return Outcome(0, output.getvalue(), output.getvalue().strip())


@contextlib.contextmanager
def process(foundation: Foundation) -> Iterator[None]:
    """One life of the providers' process: it logs in for itself, and time passes only by sleeping."""
    pks, clock = Pks(Access("pks.test", client="c", client_secret=SECRET)), conftest.Clock()
    pks._command = foundation  # type: ignore[assignment]
    foundation.dead = False
    with (
        mock.patch.object(PksProvider, "pks", pks),
        mock.patch("components.pks.preflight.client", lambda _config: pks),
        mock.patch.object(waiting, "time", clock),
        mock.patch("components.pks.cli.time", clock),
        mock.patch("tenacity.nap.time", clock),
    ):
        yield


def _fake() -> ModuleType:
    os.environ.setdefault("FAKE_PKS", tempfile.gettempdir())
    return importlib.import_module("tests.pks.fake_pks")


def leftovers() -> set[Path]:
    """Private files of this project."""
    return set(Path(tempfile.gettempdir()).glob(".rancher-on-pks-private-*"))
