"""Typed calls of the ``pks``/``tkgi`` CLI (docs-pks 1.5 and TKGI 1.20 `cli/index`)."""

from __future__ import annotations

import functools
import json
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from components.pks.credentials import PKS, Access
from components.runtime.command import Command, Outcome
from components.runtime.errors import ProviderError, TransientError
from components.runtime.private_files import private_directory
from components.runtime.waiting import retry
from domain import pks_answers, pks_refusals
from domain.cluster import LiveCluster
from domain.pks_answers import AnswerError, Document

READ_SECONDS = 60.0
WRITE_SECONDS = 120.0
"""Deadlines of one call. No call waits for BOSH: the program polls instead of using ``--wait``."""

_KUBECONFIG = "kubeconfig"
_FRESH_SECONDS = 60.0
"""For how long a successful call proves that the login is valid; an access token lives 600 s."""
_SHOWN = 200

T = TypeVar("T")


class PksError(ProviderError):
    """The CLI refused or failed.

    Attributes:
        text: What it printed, without secrets.
    """

    def __init__(self, message: str, text: str = "", *properties: str) -> None:
        """Make the error; the message includes what was tried."""
        super().__init__(message, *properties)
        self.text = text


class TransientPksError(PksError, TransientError):
    """The API did not answer; another try may succeed."""


class Pks:
    """One identity on one PKS API, shared by all resources of a process.

    Reads are retried when the API does not answer, and after a new login when the old one has expired. A
    write is sent once, no matter what the CLI prints. The files of the login are in memory, and on disk (in a
    directory of this user) only while a command runs: stacks do not share a login, and a killed engine leaves
    no tokens behind.
    """

    def __init__(self, access: Access) -> None:
        """Make the client; nothing is called."""
        self.access = access
        self.name = Path(access.executable).name
        self._command = Command(access.executable, {}, access.secrets, property=PKS.key("cli"))
        self._login_files: dict[str, bytes] | None = None
        self._proven = 0.0
        self._lock = threading.Lock()

    # --- reading -------------------------------------------------------------------------------------
    def plans(self) -> list[Document]:
        """The plans, each with name, master_instances, worker_instances, allow-privileged-containers."""
        return self._answer(pks_answers.items, "plans")

    def network_profiles(self) -> list[Document]:
        """The network profiles, each with name, description, parameters."""
        return self._answer(pks_answers.items, "network-profiles")

    def compute_profiles(self) -> list[Document]:
        """The compute profiles (TKGI only), each with name, description, parameters."""
        return self._answer(pks_answers.items, "compute-profiles")

    def clusters(self) -> list[LiveCluster]:
        """All clusters that the identity may see."""
        return self._answer(pks_answers.clusters, "clusters")

    def network_profile(self, name: str) -> Document | None:
        """One network profile; None if there is none of that name."""
        return self._one(pks_answers.item, "network-profile", name)

    def compute_profile(self, name: str) -> Document | None:
        """One compute profile; None if there is none of that name."""
        return self._one(pks_answers.item, "compute-profile", name)

    def cluster(self, name: str) -> LiveCluster | None:
        """One cluster; None if there is none of that name."""
        return self._one(pks_answers.cluster, "cluster", name)

    def credentials(self, name: str) -> str:
        """The kubeconfig of a cluster.

        Raises:
            PksError: The CLI failed, or wrote no kubeconfig.
        """
        # Read when the foundation uses OIDC: docs-pks 1.20 has the one name in `cli/index`, the other in
        # `cluster-credentials`.
        variables = ("PKS_USER_PASSWORD", "TKGI_USER_PASSWORD") if self.access.password else ()
        environment = dict.fromkeys(variables, self.access.password)
        _, files = self._read("get-credentials", name, environment=environment)
        if not files.get(_KUBECONFIG):
            raise PksError(f"`{self.name} get-credentials {name}` succeeded but wrote no kubeconfig")
        return files[_KUBECONFIG].decode()

    # --- writing -------------------------------------------------------------------------------------
    def create_network_profile(self, document: Mapping[str, Any]) -> None:
        """Create a network profile from its JSON document."""
        with private_directory("network-profile") as directory:
            file = directory / "profile.json"
            file.write_text(json.dumps(document))
            self._write("create-network-profile", str(file))

    def delete_network_profile(self, name: str) -> None:
        """Delete a network profile; the API refuses while a cluster uses it."""
        self._write("delete-network-profile", name, "--non-interactive")

    def create_cluster(self, name: str, flags: Sequence[str]) -> None:
        """Order a cluster; returns when PKS has accepted the order."""
        self._write("create-cluster", name, *flags, "--non-interactive", "--json")

    def update_cluster(self, name: str, flags: Sequence[str]) -> None:
        """Order a change; returns when PKS has accepted the order."""
        # Since PKS 1.5; `resize` is deprecated in TKGI.
        self._write("update-cluster", name, *flags, "--non-interactive", "--json")

    def delete_cluster(self, name: str) -> None:
        """Order the deletion of a cluster; returns when PKS has accepted the order."""
        self._write("delete-cluster", name, "--non-interactive")

    # --- login ---------------------------------------------------------------------------------------
    def login(self) -> dict[str, bytes]:
        """Log in unless that is done; returns the CLI's files.

        Raises:
            PksError: The credentials were rejected, or the API does not answer.
        """
        return retry(self._session)

    def _session(self) -> dict[str, bytes]:
        """One try of ``login``."""
        with self._lock:
            if self._login_files is None:
                self._login_files = self._log_in()
                self._proven = time.monotonic()
            return self._login_files

    def _log_in(self) -> dict[str, bytes]:
        access = self.access
        command = ["login", "--api", access.api]
        if access.ca_file:
            command += ["--ca-cert", _ca_file(access.ca_file)]
        # The CLI has no prompt for a client's secret, which other users of this machine can read in argv.
        command += (
            ["--client-name", access.client, "--client-secret", access.client_secret]
            if access.client
            else ["--username", access.username]
        )
        password = None if access.client else access.password
        outcome, files = self._run(command, READ_SECONDS, {}, password=password)
        self._raise_for(outcome, command)
        return files

    def _forget(self, login: dict[str, bytes]) -> None:
        """Drop a login that has expired; another thread may have replaced it."""
        with self._lock:
            if self._login_files is login:
                self._login_files = None

    # --- calls ---------------------------------------------------------------------------------------
    def _read(
        self, *command: str, environment: Mapping[str, str] | None = None
    ) -> tuple[str, dict[str, bytes]]:
        """Output and files of a command that changes nothing."""

        def call() -> tuple[str, dict[str, bytes]]:
            login = self._session()
            outcome, files = self._run(command, READ_SECONDS, login, environment=environment)
            if outcome.exit_code and pks_refusals.expired(outcome.text):
                self._forget(login)
                login = self._session()
                outcome, files = self._run(command, READ_SECONDS, login, environment=environment)
            self._finish(outcome, command, login, files)
            return outcome.output, files

        return retry(call)

    def _write(self, *command: str) -> None:
        """Send a command once. The login is proven before by a read, since an expired one would refuse it."""
        if self._login_files is not None and time.monotonic() - self._proven > _FRESH_SECONDS:
            self.plans()
        login = self.login()
        outcome, files = self._run(command, WRITE_SECONDS, login)
        self._finish(outcome, command, login, files)

    def _finish(
        self, outcome: Outcome, command: Sequence[str], login: dict[str, bytes], files: dict[str, bytes]
    ) -> None:
        if outcome.exit_code and pks_refusals.expired(outcome.text):
            self._forget(login)
        self._raise_for(outcome, command)
        with self._lock:
            self._proven = time.monotonic()
            if self._login_files is login:  # the CLI may have refreshed the token
                self._login_files = {name: text for name, text in files.items() if name != _KUBECONFIG}

    def _run(
        self,
        command: Sequence[str],
        timeout: float,
        files: Mapping[str, bytes],
        *,
        environment: Mapping[str, str] | None = None,
        password: str | None = None,
    ) -> tuple[Outcome, dict[str, bytes]]:
        """Run a command in a home of its own that has these files; returns the files that it left too."""
        with private_directory("pks") as home:
            for name, content in files.items():
                (home / name).write_bytes(content)
            variables = {"PKS_HOME": str(home), "KUBECONFIG": str(home / _KUBECONFIG), **(environment or {})}
            outcome = self._command.run(*command, timeout=timeout, environment=variables, password=password)
            left = {path.name: path.read_bytes() for path in home.iterdir() if path.is_file()}
        return outcome, left

    def _raise_for(self, outcome: Outcome, command: Sequence[str]) -> None:
        if outcome.exit_code == 0:
            return
        text = pks_refusals.said(outcome.text) or f"exit code {outcome.exit_code}"
        if pks_refusals.rejected(text):
            fields = ("client", "client_secret") if self.access.client else ("username", "password")
            identity = self.access.client or self.access.username
            raise PksError(
                f"PKS at {self.access.api} rejected the credentials of {identity!r}: {text}. "
                f"Correct {PKS.where(*fields)}"
            )
        kind = TransientPksError if pks_refusals.transient(text) else PksError
        shown = " ".join([self.name, *(part for part in command[:2] if part[:2] != "--")])
        raise kind(f"`{shown}` on {self.access.api} failed: {text}", text)

    # --- answers -------------------------------------------------------------------------------------
    def _answer(self, read: Callable[[str], T], *command: str) -> T:
        output, _ = self._read(*command, "--json")
        try:
            return read(output)
        except AnswerError as error:
            shown = self._command.redacted(error.answer)[:_SHOWN]
            raise PksError(
                f"`{self.access.executable} {command[0]} --json` printed something else than PKS does: "
                f"{error} ({shown}). Check that the command is the CLI of PKS or TKGI",
                "",
                PKS.key("cli"),
            ) from None

    def _one(self, read: Callable[[str], T | None], command: str, name: str) -> T | None:
        try:
            return self._answer(read, command, name)
        except PksError as error:
            if pks_refusals.absent(error.text, name):
                return None
            raise


@functools.cache
def shared(access: Access) -> Pks:
    """The process's one client for an access, so that it logs in once."""
    return Pks(access)


def _ca_file(name: str) -> str:
    """The absolute path of the file, which must exist."""
    try:
        found = Path(name).is_file()
    except OSError:  # a name that is too long, a folder that is closed
        found = False
    if not found:
        raise PksError(
            f"{PKS.where('ca_certificate_file')}: file {name!r} does not exist. Give the file with the CA of "
            "the PKS API"
        )
    return str(Path(name).resolve())
