"""The machine's Go compiler: found, checked, and run so that an interruption stops it completely."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import tempfile
import threading
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

_TAIL_LINES = 15
_STOP_SECONDS = 10.0
# With this much memory the compiler's garbage collector runs less often: 17 % less CPU time (Helm), and up to
# 4 GB for one package of Kubernetes.
_ROOMY_BYTES = 12 * 2**30
# Never empty: otherwise settings made with `go env -w` would apply. The linker drops debug information, so
# the compiler need not make it: 21 % less CPU time (etcd), and a binary of the same size. Without inlining
# (-l) packages compile in two thirds of the time, and a preview takes 5 % more; the standard library keeps
# it, which has what runs most often.
_FLAGS = "-mod=readonly -trimpath -buildvcs=false '-gcflags=all=-dwarf=false -l' -gcflags=std=-dwarf=false"
# What `go build -v` prints for each package.
_PACKAGE = re.compile(r"[\w.~-]+(/[\w.~-]+)*")
# User settings that would change the build.
_UNSET = ("GOOS", "GOARCH", "GO111MODULE", "GOEXPERIMENT", "LD_LIBRARY_PATH")


class BuildError(Exception):
    """A tool cannot be built; the message says what to do."""


@dataclass
class Go:
    """One ``go`` command. ``stop`` ends all its processes."""

    command: str
    version: str
    """``go env GOVERSION`` and the platform: ``go1.26.8 linux/amd64``."""
    _running: set[subprocess.Popen[str]] = field(default_factory=set)
    _stopped: bool = False
    _guard: threading.Lock = field(default_factory=threading.Lock)

    @classmethod
    def find(cls, needed: Iterable[str], carried: str = "") -> Go:
        """Returns the ``go`` on PATH, which must be at least as new as every version in ``needed``.

        Args:
            needed: Versions.
            carried: Version that has built the tools of this cache elsewhere; without a ``go`` on PATH it
                identifies them, and nothing can be built.

        Raises:
            BuildError: It is missing, does not run, or is too old.
        """
        oldest = max(needed, key=_numbers)
        remedy = f"install Go {oldest} or newer (https://go.dev/dl) and put it first on PATH"
        command = shutil.which("go")
        if command is None:
            if carried:
                return cls("", carried)
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
            raise BuildError(f"{command} does not run: {done.stderr.strip()}. To fix it, {remedy}")
        go_env = json.loads(done.stdout)
        if _numbers(go_env["GOVERSION"]) < _numbers(oldest):
            raise BuildError(f"{command} is {go_env['GOVERSION']}, too old for the lab's tools: {remedy}")
        return cls(command, f"{go_env['GOVERSION']} {go_env['GOOS']}/{go_env['GOARCH']}")

    def run(
        self,
        arguments: list[str],
        *,
        module: Path,
        scratch: Path,
        workspace: Path | None = None,
        heard: Callable[[str], None] = lambda _: None,
    ) -> str:
        """Runs ``go`` in a module's directory and returns its standard output.

        Args:
            arguments: Command line without ``go``.
            module: Directory.
            scratch: Directory for temporary files.
            workspace: ``go.work`` that chooses the versions of dependencies; None: the ``go.mod`` does.
            heard: Called with each line of standard error: modules that are downloaded, and with ``-v``
                packages that are compiled.

        Raises:
            BuildError: It failed; the message contains the last lines of its output.
        """
        if not self.command:
            raise BuildError(f"{module.name} was not carried here, and no `go` is on PATH to build it")
        scratch.mkdir(parents=True, exist_ok=True)
        tail: deque[str] = deque(maxlen=_TAIL_LINES)
        with tempfile.TemporaryFile("w+") as output:
            with self._guard:
                if self._stopped:
                    raise BuildError("the build was interrupted")
                process = subprocess.Popen(
                    [self.command, *arguments],
                    cwd=module,
                    env=_environment() | {"GOTMPDIR": str(scratch), "GOWORK": str(workspace or "off")},
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=subprocess.PIPE,
                    text=True,
                    process_group=0,  # Ctrl-C reaches only this process; stop() ends the whole group
                )
                self._running.add(process)
            assert process.stderr is not None  # noqa: S101 - a pipe was asked for
            for line in process.stderr:
                heard(line.strip())
                if len(line.split()) > 1 or not _PACKAGE.fullmatch(line.strip()):
                    tail.append(line.rstrip())
            process.wait()
            with self._guard:
                self._running.discard(process)
            if process.returncode:
                text = "\n".join(tail)
                raise BuildError(f"`go {shlex.join(arguments)}` failed in {module}:\n{text}")
            output.seek(0)
            return output.read()

    def stop(self) -> None:
        """Ends all running processes, including compilers and linkers, and prevents new ones."""
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
    if os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") >= _ROOMY_BYTES:
        kept.setdefault("GOGC", "400")
    return {**kept, "GOFLAGS": _FLAGS, "GOTOOLCHAIN": "local", "GOWORK": "off", "CGO_ENABLED": "0"}


def _numbers(version: str) -> tuple[int, ...]:
    found = re.search(r"(\d+)\.(\d+)(?:\.(\d+))?", version)
    return tuple(int(part or 0) for part in found.groups()) if found else (0, 0, 0)


def _signal_group(process: subprocess.Popen[str], number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, number)
