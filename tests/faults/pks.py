"""PKS behind its CLI, as a test double of ``Command``."""

from __future__ import annotations

import contextlib
import copy
import importlib
import io
import os
import tempfile
from collections.abc import Mapping
from types import ModuleType
from typing import Any
from unittest import mock

from components.runtime.command import CommandTimeoutError, Outcome
from tests.faults.gate import Gate
from tests.pks import conftest

SECRET = "canary-of-the-client"
COMMANDS = (
    *("login", "plans", "network-profiles", "clusters", "cluster", "network-profile"),
    *("create-network-profile", "create-cluster", "update-cluster", "delete-cluster"),
    "delete-network-profile",
)
_ANSWERS = {
    "refused": Outcome(1, "", "Error: 503 Service Unavailable"),
    "lost": Outcome(1, "", "Error: 502 Bad Gateway"),
    "expired": Outcome(1, "", "Error: You are not currently authenticated. Please log in to continue"),
    "garbage": Outcome(0, "<html>", "<html>"),
}


class Foundation:
    """A foundation; ``state`` is that of ``tests.pks.fake_pks``."""

    def __init__(self, gate: Gate) -> None:
        """Make an empty one."""
        self._gate = gate
        self.state: dict[str, Any] = {**copy.deepcopy(conftest._STATE), "password": SECRET}

    @property
    def clusters(self) -> list[dict[str, Any]]:
        """Its clusters."""
        found: list[dict[str, Any]] = self.state["clusters"]
        return found

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

        def faulty(kind: str) -> Outcome:
            if kind not in _ANSWERS:
                raise CommandTimeoutError(f"`pks {arguments[0]}` did not answer")
            return _ANSWERS[kind]

        return self._gate.call(arguments[0], lambda: self._effect(arguments, environment), faulty)

    def _effect(self, arguments: tuple[str, ...], environment: Mapping[str, str]) -> Outcome:
        fake, output = _fake(), io.StringIO()
        names, flags = fake._parse(list(arguments[1:]))
        with mock.patch.dict(os.environ, environment), contextlib.redirect_stdout(output):
            try:
                fake._run(self.state, arguments[0], names, flags)
            except SystemExit as error:
                return Outcome(1, output.getvalue(), f"{output.getvalue()}\n{error}".strip())
        return Outcome(0, output.getvalue(), output.getvalue().strip())


def _fake() -> ModuleType:
    os.environ.setdefault("FAKE_PKS", tempfile.gettempdir())
    return importlib.import_module("tests.pks.fake_pks")
