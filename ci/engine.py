"""Runs ``pulumi`` on one stack; nothing that it prints or reports leaves this module with a secret."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import yaml

from ci import events, stacks
from ci.problem import StepError
from ci.thresholds import thresholds
from components.runtime.private_files import private_directory
from domain.redaction import Redactor, secret_variables, url_secrets

_CHANGES = 7
"""Exit code of ``pulumi`` when changes were found and ``--expect-no-changes`` was given."""


@dataclass(frozen=True)
class Outcome:
    """The result of a command, without secrets.

    Attributes:
        exit_code: Of ``pulumi``.
        output: What it printed.
        report: What its event log reports.
    """

    exit_code: int
    output: str
    report: events.Report

    @property
    def failed(self) -> bool:
        """Whether it failed for another reason than drift or violations that it found."""
        found = self.exit_code == _CHANGES or any(item.mandatory for item in self.report.violations)
        return self.exit_code != 0 and not found


@dataclass(frozen=True)
class Engine:
    """``pulumi`` in a project of the checkout, which is the current directory.

    Attributes:
        stack: The stack, one of :func:`ci.stacks.stacks`.
        settings: Its file.
        environment: Of each command.
        event_log: Where to keep the event log; None: it is not kept.
    """

    stack: str
    settings: Path
    environment: Mapping[str, str]
    event_log: Path | None = None

    @classmethod
    def of(cls, stack: str, settings: Path | None = None, event_log: Path | None = None) -> Engine:
        """The engine of a stack in this process's environment.

        A variable that is empty counts as not set: a workflow sets each that the program knows, and GitHub
        gives an empty text for a secret that the environment does not have.
        """
        environment = {name: value for name, value in os.environ.items() if value}
        return cls(stack, settings or Path(stacks.settings_file(stack)), environment, event_log)

    @property
    def name(self) -> str:
        """The stack's name in its project."""
        return self.stack.rpartition("/")[2]

    @property
    def project(self) -> Path:
        """Directory of its project."""
        return Path(stacks.FLEET if stacks.is_fleet(self.stack) else ".")

    def exists(self) -> bool:
        """Whether the backend has the stack.

        Raises:
            StepError: The backend cannot be asked.
        """
        listed = json.loads(self._ask("stack", "ls", "--json"))
        return any(item["name"].rpartition("/")[2] == self.name for item in listed)

    def redactor(self) -> Redactor:
        """Hides the stack's secret config and the environment's credentials.

        Raises:
            StepError: The stack's file cannot be read, or its secrets cannot be decrypted.
        """
        try:
            config = json.loads(self._ask("config", "--show-secrets", "--json", *self._stack()))
        except StepError as error:
            raise StepError(f"{self.settings}: {error}") from None
        hidden = [[item.get("value"), item.get("objectValue")] for item in config.values() if item["secret"]]
        found = [*_texts(hidden)]
        inside = (part for text in found for part in url_secrets(text))
        return Redactor([*found, *inside, *secret_variables(self.environment)])

    def outputs(self) -> dict[str, Any]:
        """The stack's outputs, secrets in clear; empty before its first deployment.

        Raises:
            StepError: They cannot be read.
        """
        found: dict[str, Any] = json.loads(
            self._ask("stack", "output", "--json", "--show-secrets", "--stack", self.name)
        )
        return found

    def preview(self, mask: Redactor) -> Outcome:
        """``pulumi preview`` with the policies."""
        return self._run(mask, "preview", "--diff", *self.policies())

    def update(self, mask: Redactor) -> Outcome:
        """``pulumi up`` with the policies, after a preview that was accepted."""
        return self._run(mask, "up", "--yes", "--skip-preview", "--suppress-outputs", *self.policies())

    def preview_of(self, target: str, mask: Redactor) -> Outcome:
        """``pulumi preview`` of one resource, without the policies."""
        return self._run(mask, "preview", "--diff", "--target", target)

    def update_of(self, target: str, mask: Redactor) -> Outcome:
        """``pulumi up`` of one resource, without the policies."""
        return self._run(mask, "up", "--yes", "--skip-preview", "--suppress-outputs", "--target", target)

    def refresh(self, mask: Redactor) -> Outcome:
        """``pulumi refresh`` as a preview: writes no state, takes no lock."""
        return self._run(mask, "refresh", "--preview-only", "--expect-no-changes", "--diff")

    def analyze(self, mask: Redactor) -> Outcome | None:
        """``pulumi policy analyze``: judges the state without the program; None: this engine lacks it."""
        if "--policy-pack-config" not in self._quietly(mask, "policy", "analyze", "--help").output:
            return None
        return self._quietly(
            mask, "policy", "analyze", "--stack", self.name, "--json", *self.policies(), shown=True
        )

    def policies(self) -> list[str]:
        """The pack, with the stack's thresholds or else the pack's own defaults, which are strict."""
        given = thresholds(self.stack, self.settings)
        return [
            *("--policy-pack", self._from_project(Path("policy"))),
            *(["--policy-pack-config", self._from_project(given)] if given else []),
        ]

    def create(self) -> None:
        """Create the stack in the backend, with the secrets provider that its file names.

        Raises:
            StepError: It could not be created.
        """
        document = yaml.safe_load(self.settings.read_text()) or {}
        provider = document.get("secretsprovider", "default")
        # `stack init` writes into the file beside Pulumi.yaml: in a copy, the checkout stays as it is.
        with tempfile.TemporaryDirectory() as directory:
            shutil.copy(self.project / "Pulumi.yaml", directory)
            shutil.copy(self.settings, Path(directory, f"Pulumi.{self.name}.yaml"))
            self._ask("stack", "init", self.name, "--secrets-provider", provider, directory=Path(directory))

    @contextmanager
    def rehearsal(self) -> Iterator[Engine]:
        """The engine of the stack in a temporary backend, for the preview of a stack that does not exist yet.

        Raises:
            StepError: It is a fleet, whose server is in the real backend only.
        """
        if stacks.is_fleet(self.stack):
            raise StepError(
                f"stack {self.stack} does not exist yet, and its preview reads its server's stack in the "
                f"same backend. Create it there: pulumi -C {self.project} stack init {self.name}"
            )
        with tempfile.TemporaryDirectory() as directory:
            scratch = {
                "PULUMI_CONFIG_PASSPHRASE": "rehearsal",
                **self.environment,
                "PULUMI_BACKEND_URL": f"file://{directory}",
            }
            engine = replace(self, environment=scratch)
            engine.create()
            yield engine

    def _stack(self) -> list[str]:
        return ["--stack", self.name, "--config-file", self._from_project(self.settings)]

    def _from_project(self, path: Path) -> str:
        return os.path.relpath(path, self.project)

    def _ask(self, *arguments: str, directory: Path | None = None) -> str:
        done = subprocess.run(
            ["pulumi", *arguments, "--non-interactive"],
            cwd=directory or self.project,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise StepError(f"`pulumi {' '.join(arguments[:2])}`: {done.stderr.strip()}")
        return done.stdout

    def _quietly(self, mask: Redactor, *arguments: str, shown: bool = False) -> Outcome:
        """Run a command that prints events as JSON, or none."""
        command = ["pulumi", *arguments, "--non-interactive", "--color", "never"]
        if shown:
            print(f"$ {shlex.join(command)}", flush=True)
        done = subprocess.run(
            command, cwd=self.project, env=self.environment, capture_output=True, text=True, check=False
        )
        report = events.read(done.stdout.splitlines(), mask)
        if done.returncode and not report.finished:
            report.errors.append(mask(done.stderr[done.stderr.rfind("error: ") :].strip()))
        return Outcome(done.returncode, mask(done.stdout), report)

    def _run(self, mask: Redactor, *arguments: str) -> Outcome:
        with private_directory("events") as directory:
            log = directory / "events.jsonl"
            there = ["-C", str(self.project)] if stacks.is_fleet(self.stack) else []
            command = ["pulumi", *there, *arguments, *self._stack()]
            print(f"$ {shlex.join(command)}", flush=True)
            quiet = ["--non-interactive", "--color", "never", "--suppress-progress", "--event-log", str(log)]
            process = subprocess.Popen(
                [*command, *quiet],
                # The flag --event-log is there with this variable alone; the Automation API sets it too.
                env={**self.environment, "PULUMI_DEBUG_COMMANDS": "true"},
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                errors="replace",
            )
            assert process.stdout is not None  # noqa: S101 - it is a pipe
            lines = []
            for line in mask.lines(process.stdout):
                lines.append(line)
                print(line, end="", flush=True)
            exit_code = process.wait()
            logged = log.read_text(errors="replace").splitlines() if log.exists() else []
            if self.event_log:
                self.event_log.write_text("".join(f"{mask(line)}\n" for line in logged))
        output, report = "".join(lines), events.read(logged, mask)
        if exit_code and not report.finished and not report.errors:
            # The CLI itself failed: a wrong passphrase, a backend that is not there.
            report.errors.append(output[output.rfind("error: ") :].strip())
        return Outcome(exit_code, output, report)


def _texts(value: object) -> Iterator[str]:
    """All texts in a document."""
    if isinstance(value, Mapping):
        value = list(value.values())
    if isinstance(value, list):
        for part in value:
            yield from _texts(part)
    elif value:
        yield str(value)
