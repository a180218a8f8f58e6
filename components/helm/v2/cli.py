"""The ``helm`` v2 command, run with a private home directory."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from components.runtime.command import Command
from components.runtime.errors import ProviderError
from components.runtime.private_files import private_directory
from domain.documents import shortened

HISTORY = 10
"""Revisions that Tiller keeps (its default is all)."""
REPOSITORY = "charts"
"""Name of the chart repository in the private home."""

_VERSION_SECONDS = 30.0
_VERSION = re.compile(r'^(Client|Server): &version\.Version\{SemVer:"([^"]+)"', re.MULTILINE)


@dataclass(frozen=True)
class Helm2Cli:
    """Helm v2 for one cluster and one Tiller.

    Attributes:
        executable: Command or path.
        home: Directory from :func:`private_home`.
        timeout: Deadline of each call in seconds.
        host: Address of a local Tiller; empty: Helm connects to the one in the cluster.
        secrets: Values to hide in messages.
    """

    executable: str
    home: Path
    timeout: float
    host: str = ""
    secrets: tuple[str, ...] = ()

    def run(self, *arguments: str, stdin: str = "") -> str:
        """Run a command; returns its output.

        Raises:
            ProviderError: The command is missing, failed, or did not end in time.
        """
        done = self._command.run(*arguments, timeout=self.timeout, stdin=stdin)
        if done.exit_code:
            text = shortened(done.text.removeprefix("Error: "))
            raise ProviderError(f"`{self.executable} {arguments[0]}` failed: {text}")
        return done.output

    def server_problem(self) -> str:
        """What is wrong with Tiller; empty when it answers and has the version of the client."""
        done = self._command.run("version", timeout=self.timeout)
        found = dict(_VERSION.findall(done.output))
        client, server = found.get("Client", "unknown"), found.get("Server")
        if server is None:
            words = done.text.removeprefix(done.output.strip()).strip()
            return words.removeprefix("Error: ") or "Tiller does not answer"
        if client != server:
            return f"{self.executable} is {client}, Tiller is {server}. Use the same version of both"
        return ""

    def add_repository(self, url: str, *, ca_file: str, username: str, password: str) -> None:
        """Add the repository as ``charts`` and download its index.

        Writes the file that ``helm repo add`` writes, which would take the password as an argument.

        Raises:
            ProviderError: The repository cannot be used.
        """
        entry = {
            "name": REPOSITORY,
            "url": url,
            "cache": str(self.home / "repository" / "cache" / f"{REPOSITORY}-index.yaml"),
            "caFile": str(Path(ca_file).resolve()) if ca_file else "",
            "certFile": "",
            "keyFile": "",
            "username": username,
            "password": password,
        }
        _write_repositories(self.home, [entry])
        output = self.run("repo", "update")
        # The exit code is 0 even when the repository fails (helm v2.17 cmd/helm/repo_update.go).
        if found := re.search(r"Unable to get an update from.*(?:\n\s+\S.*)*", output):
            text = shortened(self._command.redacted(" ".join(found[0].split())))
            raise ProviderError(f"`{self.executable} repo update` failed: {text}")

    def status_code(self, release: str) -> int:
        """Number of the release's status; 1 is DEPLOYED (hapi/release/status.proto)."""
        return int(json.loads(self.run("status", release, "--output", "json"))["info"]["status"]["code"])

    @property
    def _command(self) -> Command:
        return Command(
            self.executable,
            {**environment(self.home), **({"HELM_HOST": self.host} if self.host else {})},
            secrets=self.secrets,
            property="helm",
            ends_with_parent=True,
        )


def version_of(what: str, executable: str) -> str:
    """Version of ``helm`` or ``tiller``, such as ``v2.17.0``.

    Raises:
        ProviderError: It cannot be run, or is not Helm v2.
    """
    arguments = ["version", "--client"] if what == "helm" else ["--version"]
    done = Command(executable, {}, property=what).run(*arguments, timeout=_VERSION_SECONDS)
    version = dict(_VERSION.findall(done.output)).get("Client", "") if what == "helm" else done.output.strip()
    if done.exit_code or not version.startswith("v2."):
        found = (done.text or f"exit code {done.exit_code}").splitlines()[0]
        raise ProviderError(
            f"{executable} is not {what} v2: it prints {found!r}. Give the path of {what} v2 (v2.17.0 is the "
            "last version)",
            what,
        )
    return version


@contextmanager
def private_home(kubeconfig: str) -> Iterator[Path]:
    """A private home directory of Helm with the kubeconfig, deleted after the body."""
    with private_directory("helm2") as home:
        (home / "repository" / "cache").mkdir(parents=True)
        _write_repositories(home, [])
        (home / "kubeconfig").write_text(kubeconfig)
        yield home


def environment(home: Path) -> dict[str, str]:
    """Environment variables of Helm and Tiller with this home directory."""
    return {"HELM_HOME": str(home), "KUBECONFIG": str(home / "kubeconfig"), "TMPDIR": str(home)}


def _write_repositories(home: Path, entries: list[dict[str, str]]) -> None:
    file = {"apiVersion": "v1", "generated": "2020-01-01T00:00:00Z", "repositories": entries}
    (home / "repository" / "repositories.yaml").write_text(json.dumps(file))  # JSON is YAML
