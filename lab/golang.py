"""The Go compiler of the machine: found, checked, run so that an interruption stops it whole."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import threading
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

_TAIL_LINES = 15
_STOP_SECONDS = 10.0
# Never empty: an empty variable would let in what the user has set with `go env -w`.
_FLAGS = "-mod=readonly -trimpath -buildvcs=false"
# Settings of the user that would change what is built.
_UNSET = ("GOOS", "GOARCH", "GO111MODULE", "GOEXPERIMENT", "LD_LIBRARY_PATH")


class BuildError(Exception):
    """A tool cannot be built; the message says what to do."""


@dataclass
class Go:
    """One ``go`` command. ``stop`` ends everything that it runs."""

    command: str
    version: str
    """As ``go env GOVERSION`` says it, with the platform: ``go1.26.8 linux/amd64``."""
    _running: set[subprocess.Popen[str]] = field(default_factory=set)
    _stopped: bool = False
    _guard: threading.Lock = field(default_factory=threading.Lock)

    @classmethod
    def find(cls, needed: Iterable[str]) -> Go:
        """The ``go`` on PATH, which must be as new as each of the versions ``needed``.

        Raises:
            BuildError: There is none, it does not run, or it is too old.
        """
        oldest = max(needed, key=_numbers)
        remedy = f"install Go {oldest} or newer (https://go.dev/dl) and put it first on PATH"
        command = shutil.which("go")
        if command is None:
            raise BuildError(f"the lab's tools are built with Go, and no `go` is on PATH: {remedy}")
        done = subprocess.run(
            [command, "env", "-json", "GOVERSION", "GOOS", "GOARCH"],
            cwd="/",
            env=_environment(),
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise BuildError(f"{command} does not run: {done.stderr.strip()}. To mend it, {remedy}")
        told = json.loads(done.stdout)
        if _numbers(told["GOVERSION"]) < _numbers(oldest):
            raise BuildError(f"{command} is {told['GOVERSION']}, too old for the lab's tools: {remedy}")
        return cls(command, f"{told['GOVERSION']} {told['GOOS']}/{told['GOARCH']}")

    def run(self, arguments: list[str], *, module: Path, scratch: Path) -> str:
        """Run ``go`` in a module's directory and return its standard output.

        Raises:
            BuildError: It failed; the message ends with the last lines of its output.
        """
        scratch.mkdir(parents=True, exist_ok=True)
        with self._guard:
            if self._stopped:
                raise BuildError("the build was interrupted")
            process = subprocess.Popen(
                [self.command, *arguments],
                cwd=module,
                env=_environment() | {"GOTMPDIR": str(scratch)},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
                process_group=0,  # Ctrl-C reaches this process only, and stop() ends the whole group
            )
            self._running.add(process)
        output, errors = process.communicate()
        with self._guard:
            self._running.discard(process)
        if process.returncode:
            tail = "\n".join(errors.strip().splitlines()[-_TAIL_LINES:])
            raise BuildError(f"`go {shlex.join(arguments)}` failed in {module}:\n{tail}")
        return output

    def stop(self) -> None:
        """End what runs, with its compilers and linkers; nothing new is started after it."""
        with self._guard:
            self._stopped = True
            running = list(self._running)
        for process in running:
            _signal_group(process, signal.SIGINT)
        for process in running:
            try:
                process.wait(_STOP_SECONDS)
            except subprocess.TimeoutExpired:
                _signal_group(process, signal.SIGKILL)


def _environment() -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name not in _UNSET}
    return {**kept, "GOFLAGS": _FLAGS, "GOTOOLCHAIN": "local", "GOWORK": "off", "CGO_ENABLED": "0"}


def _numbers(version: str) -> tuple[int, ...]:
    found = re.search(r"(\d+)\.(\d+)(?:\.(\d+))?", version)
    return tuple(int(part or 0) for part in found.groups()) if found else (0, 0, 0)


def _signal_group(process: subprocess.Popen[str], number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, number)
