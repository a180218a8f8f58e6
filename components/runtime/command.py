"""Runs command-line tools: found by name, with a deadline, without secrets in what they print."""

from __future__ import annotations

import ctypes
import os
import pty
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from components.runtime.errors import ProviderError, TransientError, log
from domain.redaction import Redactor

_INHERITED = (
    *("PATH", "HOME", "USER", "LOGNAME", "TMPDIR", "TZ", "LANG", "LC_ALL", "LC_CTYPE"),
    *("SSL_CERT_FILE", "SSL_CERT_DIR"),
    *("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy"),
)
"""Variables that every tool gets. It gets no other of this process: those hold the stack's credentials."""
_END_SECONDS = 10.0
_DIE_WITH_PARENT = 1
"""PR_SET_PDEATHSIG of prctl(2)."""
_running: set[subprocess.Popen[Any]] = set()


@dataclass(frozen=True)
class Outcome:
    """What a finished command left.

    Attributes:
        exit_code: 0 for success.
        output: Standard output.
        text: Standard output and standard error, as a person would have read them, without secrets.
    """

    exit_code: int
    output: str
    text: str


class CommandTimeoutError(TransientError):
    """A command did not end within its deadline and was killed."""


class CommandMissingError(ProviderError):
    """The command is not on PATH, or cannot be executed."""


@dataclass(frozen=True)
class Command:
    """A command-line tool.

    Attributes:
        executable: Name on PATH, or a path.
        environment: Variables beside those that every tool gets.
        secrets: Values to hide in what it prints.
        property: Property that names the executable, for messages.
        ends_with_parent: Whether the tool is killed when this process is (on Linux). Only for a process
            without threads: the child runs Python code before the tool starts.
    """

    executable: str
    environment: Mapping[str, str]
    secrets: Collection[str] = ()
    property: str = "executable"
    ends_with_parent: bool = False

    def run(
        self,
        *arguments: str,
        timeout: float,
        stdin: str = "",
        environment: Mapping[str, str] | None = None,
        password: str | None = None,
    ) -> Outcome:
        """Run the tool once, in a session of its own: a Ctrl-C for the engine does not interrupt it.

        Args:
            arguments: Arguments.
            timeout: Deadline in seconds.
            stdin: Text for standard input.
            environment: Further variables.
            password: Typed at a password prompt, so that it is not among the arguments.

        Raises:
            CommandMissingError: There is no such command.
            CommandTimeoutError: The deadline passed.
        """
        start = time.monotonic()
        variables = {**inherited(os.environ), **self.environment, **(environment or {})}
        run = self._with_pipes if password is None else _with_prompt
        try:
            code, output, text = run([self.executable, *arguments], variables, timeout, stdin, password or "")
        except OSError:
            raise self._missing() from None
        except subprocess.TimeoutExpired:
            raise CommandTimeoutError(
                f"`{self._shown(arguments)}` did not answer within {timeout:g} s and was killed"
            ) from None
        log.debug("%s: exit %d after %.2f s", self._shown(arguments), code, time.monotonic() - start)
        return Outcome(code, output, self.redacted(text.strip(), password or ""))

    def redacted(self, text: str, *further: str) -> str:
        """A text of the tool without secrets."""
        return Redactor(filter(None, (*self.secrets, *further)))(text)

    @contextmanager
    def background(self, *arguments: str, output: Path) -> Iterator[subprocess.Popen[bytes]]:
        """The running tool; it is ended after the body. What it prints is appended to ``output``.

        Raises:
            CommandMissingError: There is no such command.
        """
        with output.open("ab") as file:
            try:
                process = subprocess.Popen(
                    [self.executable, *arguments],
                    env={**inherited(os.environ), **self.environment},
                    stdin=subprocess.DEVNULL,
                    stdout=file,
                    stderr=file,
                    start_new_session=True,
                    preexec_fn=self._before_start(),  # noqa: PLW1509 - see ends_with_parent
                )
            except OSError:
                raise self._missing() from None
        try:
            yield process
        finally:
            process.terminate()
            try:
                process.wait(_END_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def _before_start(self) -> Callable[[], None] | None:
        return _end_with_parent if self.ends_with_parent and sys.platform == "linux" else None

    def _missing(self) -> CommandMissingError:
        return CommandMissingError(
            f"the command {self.executable!r} is not on PATH or not executable. Install it, or give its path",
            self.property,
        )

    def _with_pipes(
        self,
        command: Sequence[str],
        environment: Mapping[str, str],
        timeout: float,
        stdin: str,
        _password: str,
    ) -> tuple[int, str, str]:
        process = subprocess.Popen(
            command,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
            start_new_session=True,
            preexec_fn=self._before_start(),  # noqa: PLW1509 - see ends_with_parent
        )
        with _killable(process):
            output, errors = process.communicate(stdin, timeout)
        return process.returncode, output, f"{output}\n{errors}"

    def _shown(self, arguments: Sequence[str]) -> str:
        verb = next((item for item in arguments if not item.startswith("-")), "")
        return f"{Path(self.executable).name} {verb}".strip()


def inherited(environment: Mapping[str, str]) -> dict[str, str]:
    """The variables of this process that every tool gets."""
    return {name: environment[name] for name in _INHERITED if name in environment}


def kill_all() -> None:
    """Kill the tools that run, with what they have started."""
    for process in list(_running):
        _kill(process)


@contextmanager
def _killable(process: subprocess.Popen[Any]) -> Iterator[None]:
    """The tool may be killed by :func:`kill_all`, and is if the body fails."""
    _running.add(process)
    try:
        with process:
            try:
                yield
            except BaseException:
                _kill(process)
                raise
    finally:
        _running.discard(process)


def _kill(process: subprocess.Popen[Any]) -> None:
    if process.poll() is None:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)


def _end_with_parent() -> None:
    ctypes.CDLL(None).prctl(_DIE_WITH_PARENT, signal.SIGKILL)


def _with_prompt(
    command: Sequence[str], environment: Mapping[str, str], timeout: float, _stdin: str, password: str
) -> tuple[int, str, str]:
    """The tool gets a terminal, as its prompt needs one.

    ``pexpect.spawn`` would fork this process, whose gRPC threads do not survive that.
    """
    from pexpect import EOF, TIMEOUT, fdpexpect  # noqa: PLC0415 - only a login needs it

    deadline = time.monotonic() + timeout
    ours, theirs = pty.openpty()
    terminal = fdpexpect.fdspawn(ours, timeout=timeout, encoding="utf-8", codec_errors="replace")
    terminal.delaybeforesend = None
    try:
        process = subprocess.Popen(
            command, env=environment, stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True
        )
    except OSError:
        terminal.close()
        raise
    finally:
        os.close(theirs)
    with _killable(process):
        try:
            text = ""
            if terminal.expect(["assword", EOF]) == 0:
                text = f"{terminal.before}{terminal.after}"
                terminal.sendline(password)
                terminal.timeout = max(deadline - time.monotonic(), 0)
                terminal.expect(EOF)
            text += terminal.before or ""
            code = process.wait(max(deadline - time.monotonic(), 0.1))
        except (TIMEOUT, subprocess.TimeoutExpired):
            raise subprocess.TimeoutExpired(command[0], timeout) from None
        finally:
            terminal.close()
    text = text.replace("\r\n", "\n")
    return code, text, text
