"""Typed calls of the ``pks``/``tkgi`` CLI (docs-pks 1.5 and TKGI 1.19 `cli/index`)."""

from __future__ import annotations

import functools
import json
import re
import tempfile
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from tenacity import Retrying, retry_if_exception_type, stop_after_attempt, wait_random_exponential

from components.pks.cli_process import KUBECONFIG, CallTimeoutError, Outcome, PksProcess
from components.pks.credentials import Access
from components.runtime.errors import ProviderError

T = TypeVar("T")

READ_SECONDS = 60.0
WRITE_SECONDS = 120.0
"""Longest time of one call. No call waits for BOSH: the program polls instead of using ``--wait``."""

_ATTEMPTS = 4

# docs-pks 1.7 `troubleshoot-issues`; the first two are printed when the token (600 s) or the refresh token
# (6 h) has run out, "Unauthorized" also when the UAA does not know the token any more.
_NOT_AUTHENTICATED = re.compile(r"not currently authenticated|must be logged in|Unauthorized|\b401\b", re.I)
_REJECTED = re.compile(r"Credentials were rejected|bad credentials|invalid_client|unauthorized_client", re.I)
_PROMPT = re.compile(r".*assword:\s*$")
_TRANSIENT = re.compile(
    r"connection (refused|reset)|timed? ?out|TLS handshake timeout|unexpected EOF|no route to host"
    r"|temporary failure|try again later|\b50[234]\b|service unavailable|bad gateway",
    re.I,
)


class PksError(ProviderError):
    """The CLI refused or failed.

    Attributes:
        text: What the CLI said, without secrets.
    """

    def __init__(self, message: str, text: str = "") -> None:
        """Make the error; ``message`` tells what was tried, too."""
        super().__init__(message)
        self.text = text


class TransientPksError(PksError):
    """The API could not be asked; asking again may help."""


class Pks:
    """One logged-in identity on one PKS API, shared by all resources of a process.

    Reads are repeated a few times when the API could not be reached; writes never are. The login is made
    at the first call and again whenever the API says that it has expired.
    """

    def __init__(self, access: Access) -> None:
        self.access = access
        self._process = PksProcess(access.executable, access.secrets)
        self._login_files: dict[str, bytes] | None = None
        self._lock = threading.Lock()

    # --- reading -------------------------------------------------------------------------------------
    def plans(self) -> list[dict[str, Any]]:
        """The plans, each with name, master_instances, worker_instances, allow-privileged-containers."""
        return self._json_list("plans")

    def network_profiles(self) -> list[dict[str, Any]]:
        """The network profiles, each with name, description, parameters."""
        return self._json_list("network-profiles")

    def compute_profiles(self) -> list[dict[str, Any]]:
        """The compute profiles (TKGI only)."""
        return self._json_list("compute-profiles")

    def clusters(self) -> list[dict[str, Any]]:
        """All clusters that the identity may see."""
        return self._json_list("clusters")

    def network_profile(self, name: str) -> dict[str, Any] | None:
        """One network profile, None when there is none of that name."""
        return self._one("network-profile", name)

    def cluster(self, name: str) -> dict[str, Any] | None:
        """One cluster, None when there is none of that name."""
        return self._one("cluster", name)

    def credentials(self, name: str) -> str:
        """The kubeconfig of a cluster.

        Raises:
            PksError: The CLI failed, or wrote no kubeconfig.
        """
        files: dict[str, bytes] = {}
        # Asked for when the foundation uses OIDC (docs-pks 1.5 `cluster-credentials`).
        environment = {"PKS_USER_PASSWORD": self.access.password} if self.access.password else {}
        self._retry(lambda: self._call(["get-credentials", name], files=files, environment=environment))
        if not files.get(KUBECONFIG):
            raise PksError(f"`get-credentials {name}` succeeded but wrote no kubeconfig")
        return files[KUBECONFIG].decode()

    # --- writing -------------------------------------------------------------------------------------
    def create_network_profile(self, document: Mapping[str, Any]) -> None:
        """Create a network profile from its JSON document."""
        with tempfile.NamedTemporaryFile("w", suffix=".json", prefix="network-profile-") as file:
            json.dump(document, file)
            file.flush()
            self._write(["create-network-profile", file.name])

    def delete_network_profile(self, name: str) -> None:
        """Delete a network profile; the API refuses while a cluster uses it."""
        self._write(["delete-network-profile", name, "--non-interactive"])

    def create_cluster(self, name: str, hostname: str, plan: str, options: Mapping[str, str]) -> None:
        """Ask for a cluster; returns when the order is taken, not when the cluster runs."""
        flags = ["--external-hostname", hostname, "--plan", plan, *_flags(options)]
        self._write(["create-cluster", name, *flags, "--non-interactive", "--json"])

    def update_cluster(self, name: str, options: Mapping[str, str]) -> None:
        """Ask for a change; returns when the order is taken. Works since PKS 1.5, unlike `resize` in TKGI."""
        self._write(["update-cluster", name, *_flags(options), "--non-interactive", "--json"])

    def delete_cluster(self, name: str) -> None:
        """Ask for the deletion of a cluster; returns when the order is taken."""
        self._write(["delete-cluster", name, "--non-interactive"])

    # --- how -----------------------------------------------------------------------------------------
    def login(self) -> None:
        """Log in unless that is done.

        Raises:
            PksError: The credentials were rejected or the API cannot be used.
        """
        with self._lock:
            if self._login_files is None:
                self._login_files = self._retry(self._log_in)

    def _log_in(self) -> dict[str, bytes]:
        access = self.access
        command = ["login", "--api", access.api]
        if access.ca_file:
            if not Path(access.ca_file).is_file():
                raise PksError(
                    f"the CA certificate file {access.ca_file!r} (config pksCaCertificateFile, environment "
                    "PKS_CA_CERT) does not exist. Give the file with the CA of the PKS API"
                )
            command += ["--ca-cert", str(Path(access.ca_file).resolve())]
        # The CLI has no prompt for a client's secret: argv is the only way, so prefer a user where argv is
        # readable by others.
        command += (
            ["--client-name", access.client, "--client-secret", access.client_secret]
            if access.client
            else ["--username", access.username]
        )
        files: dict[str, bytes] = {}
        outcome = self._process.run(
            command, files=files, timeout=READ_SECONDS, password=None if access.client else access.password
        )
        self._raise_for(outcome, command)
        return files

    def _call(
        self,
        command: Sequence[str],
        *,
        timeout: float = READ_SECONDS,
        files: dict[str, bytes] | None = None,
        environment: dict[str, str] | None = None,
    ) -> str:
        self.login()
        for last in (False, True):
            login = self._login_files or {}
            home = {} if files is None else files
            home.update(login)
            outcome = self._process.run(command, files=home, timeout=timeout, environment=environment)
            refused = outcome.exit_code != 0 and _NOT_AUTHENTICATED.search(outcome.text)
            if not refused or last:
                break
            with self._lock:
                if self._login_files is login:
                    self._login_files = None
            self.login()
        self._raise_for(outcome, command)
        with self._lock:
            if self._login_files is login:  # keep a token that the CLI has refreshed
                self._login_files = {name: home[name] for name in home if name != KUBECONFIG}
        return outcome.output

    def _raise_for(self, outcome: Outcome, command: Sequence[str]) -> None:
        if outcome.exit_code == 0:
            return
        lines = [line for line in outcome.text.splitlines() if line.strip() and not _PROMPT.match(line)]
        text = self._process.redact("\n".join(lines)).removeprefix("Error: ").rstrip(".")
        text = text or f"exit code {outcome.exit_code}"
        if _REJECTED.search(text):
            identity = self.access.client or self.access.username
            raise PksError(
                f"PKS at {self.access.api} rejected the credentials of {identity!r}: {text}. Set pksUsername "
                "and pksPassword, or pksClient and pksClientSecret (environment PKS_USERNAME, PKS_PASSWORD, "
                "PKS_CLIENT, PKS_CLIENT_SECRET)"
            )
        kind = TransientPksError if _TRANSIENT.search(text) else PksError
        said = " ".join([self.access.executable, *(part for part in command[:2] if part[:2] != "--")])
        raise kind(f"`{said}` on {self.access.api} failed: {text}", text)

    def _write(self, command: Sequence[str]) -> None:
        self._call(command, timeout=WRITE_SECONDS)

    def _read(self, *command: str) -> Any:
        output = self._retry(lambda: self._call([*command, "--json"]))
        try:
            return json.loads(output or "null")
        except ValueError as error:
            shown = self._process.redact(output.strip())[:200]
            raise PksError(
                f"`{self.access.executable} {command[0]} --json` printed no JSON: {shown}"
            ) from error

    def _json_list(self, *command: str) -> list[dict[str, Any]]:
        return self._read(*command) or []

    def _one(self, command: str, name: str) -> dict[str, Any] | None:
        try:
            found: dict[str, Any] | None = self._read(command, name)
        except PksError as error:
            # "Error: Cluster CLUSTER-NAME not found" (docs-pks 1.5 `delete-cluster`); only an
            # error that says so about this very name means that it is gone.
            if re.search(rf"{re.escape(name)}\W.*(not found|does not exist)", error.text, re.I):
                return None
            raise
        return found

    def _retry(self, call: Callable[[], T]) -> T:
        attempts = Retrying(
            retry=retry_if_exception_type((TransientPksError, CallTimeoutError)),
            stop=stop_after_attempt(_ATTEMPTS),
            wait=wait_random_exponential(multiplier=0.5, max=8),
            reraise=True,
        )
        return attempts(call)


@functools.cache
def shared(access: Access) -> Pks:
    """The process's one client for an access, so that it logs in once."""
    return Pks(access)


def _flags(options: Mapping[str, str]) -> list[str]:
    return [part for name, value in options.items() for part in (f"--{name}", value)]
