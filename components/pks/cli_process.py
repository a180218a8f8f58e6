"""Runs one command of the ``pks`` (or ``tkgi``) CLI: private home, deadline, prompt for the password."""

from __future__ import annotations

import os
import pty
import select
import subprocess
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from components.runtime.errors import ProviderError, log

KUBECONFIG = "kubeconfig"
"""Name of the file in the private home that ``KUBECONFIG`` points to."""


@dataclass(frozen=True)
class Outcome:
    """What a finished command left. ``text`` is what a person would have read."""

    exit_code: int
    output: str
    text: str


class CallTimeoutError(ProviderError):
    """A command did not end within its deadline and was killed."""


class PksProcess:
    """Starts the CLI with a home of its own.

    The CLI keeps its login in ``$PKS_HOME/creds.yml``. The files are held in memory and exist on disk
    (in a directory of mode 0700) only while a command runs, so that neither two stacks share a login nor a
    killed engine leaves tokens behind.
    """

    def __init__(self, executable: str, secrets: Sequence[str]) -> None:
        self._executable = executable
        self._secrets = secrets

    def redact(self, text: str) -> str:
        """``text`` with every secret value hidden."""
        for secret in self._secrets:
            text = text.replace(secret, "***")
        return text

    def run(
        self,
        arguments: Sequence[str],
        *,
        files: dict[str, bytes],
        timeout: float,
        environment: dict[str, str] | None = None,
        password: str | None = None,
    ) -> Outcome:
        """Run one command.

        Args:
            arguments: Command and flags.
            files: The private home's files; changed to what the command left there.
            timeout: Deadline in seconds.
            environment: Additional variables.
            password: Typed at the password prompt of a pseudo terminal, so that it is not in argv.

        Raises:
            ProviderError: The CLI is not installed.
            CallTimeoutError: The deadline passed.
        """
        start = time.monotonic()
        command = [self._executable, *arguments]
        with tempfile.TemporaryDirectory(prefix="pks-") as home:
            for name, content in files.items():
                (Path(home) / name).write_bytes(content)
            env = {
                **os.environ,
                "PKS_HOME": home,
                "KUBECONFIG": str(Path(home) / KUBECONFIG),
                **(environment or {}),
            }
            for name in ("PKS_PASSWORD", "PKS_CLIENT_SECRET"):
                env.pop(name, None)
            try:
                outcome = (
                    _run_with_pipes(command, env, timeout)
                    if password is None
                    else _run_with_prompt(command, env, timeout, password)
                )
            except FileNotFoundError as error:
                raise ProviderError(
                    f"the PKS CLI {self._executable!r} is not on PATH. Install it, or name another "
                    "(`tkgi`, or a path) with `pulumi config set pksCli`"
                ) from error
            except PermissionError as error:
                raise ProviderError(
                    f"the PKS CLI {self._executable!r} (config pksCli) is not executable"
                ) from error
            except subprocess.TimeoutExpired as error:
                raise CallTimeoutError(
                    f"`{self._executable} {arguments[0]}` did not answer within {timeout:g} s and was stopped"
                ) from error
            left = {path.name: path.read_bytes() for path in Path(home).iterdir() if path.is_file()}
        files.clear()
        files.update(left)
        log.debug(
            "%s %s: exit %d after %.2f s",
            self._executable,
            arguments[0],
            outcome.exit_code,
            time.monotonic() - start,
        )
        return outcome


def _run_with_pipes(command: list[str], env: dict[str, str], timeout: float) -> Outcome:
    done = subprocess.run(
        command,
        env=env,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
        timeout=timeout,
        check=False,
        start_new_session=True,  # a Ctrl-C for the engine does not cut an order in the middle
    )
    return Outcome(done.returncode, done.stdout, f"{done.stdout}\n{done.stderr}".strip())


def _run_with_prompt(command: list[str], env: dict[str, str], timeout: float, password: str) -> Outcome:
    """The prompt needs a terminal; its own session keeps a Ctrl-C for the engine from the CLI."""
    ours, theirs = pty.openpty()
    try:
        with subprocess.Popen(
            command, env=env, stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True
        ) as child:
            os.close(theirs)
            try:
                text = _converse(ours, password, time.monotonic() + timeout)
                code = child.wait(timeout=timeout)
            except (subprocess.TimeoutExpired, TimeoutError) as error:
                child.kill()
                raise subprocess.TimeoutExpired(command[0], timeout) from error
    finally:
        os.close(ours)
    return Outcome(code, text, text.strip())


def _converse(terminal: int, password: str, deadline: float) -> str:
    """Answer the prompt; returns all that was shown, without the password should it have been echoed."""
    seen = b""
    answered = False
    while True:
        if not select.select([terminal], [], [], max(deadline - time.monotonic(), 0))[0]:
            raise TimeoutError
        try:
            chunk = os.read(terminal, 4096)
        except OSError:  # EIO: the child closed its side
            chunk = b""
        if not chunk:
            return seen.decode(errors="replace").replace("\r\n", "\n").replace(password, "***")
        seen += chunk
        if not answered and b"assword" in seen:
            answered = True
            os.write(terminal, password.encode() + b"\n")
