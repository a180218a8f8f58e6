"""The ``helm`` v2 command and a ``tiller`` of one's own, run with private files and a deadline."""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import yaml

from components.runtime.errors import ProviderError

HISTORY = 10
"""Revisions that Tiller keeps (by itself it keeps all)."""

REPOSITORY = "charts"
"""Name of the chart repository in the private home."""

_CALL_SECONDS = 30.0
"""Deadline of a command that only tells its version."""

_VERSION = re.compile(r'^(Client|Server): &version\.Version\{SemVer:"([^"]+)"', re.MULTILINE)
_PREFIX = "rancher-on-pks-helm2"
_START_SECONDS = 60.0
_LOCAL = "127.0.0.1"
_DIE_WITH_PARENT = 1  # PR_SET_PDEATHSIG of prctl(2)
_CONFIG = {"helm": "helm2Cli", "tiller": "tillerCli"}


@dataclass(frozen=True)
class Helm2:
    """Helm v2 with a home of its own, for one cluster and one Tiller.

    Attributes:
        executable: Command or path.
        home: Private directory of :func:`private_home`.
        host: Address of a Tiller outside the cluster; empty: Helm finds the one in the cluster.
        timeout: Deadline of each call in seconds.
    """

    executable: str
    home: Path
    timeout: float
    host: str = ""

    def run(self, *arguments: str, stdin: str = "") -> str:
        """Run one command; returns what it printed.

        Raises:
            ProviderError: It failed, did not end in time, or is not there.
        """
        done = self._call(arguments, stdin)
        if done.returncode:
            text = (done.stderr.strip() or done.stdout.strip()).removeprefix("Error: ")
            raise ProviderError(f"{self.executable} {arguments[0]}: {text}")
        return done.stdout

    def server_problem(self) -> str:
        """What is wrong with Tiller or its version; empty when it answers and is of the client's version."""
        done = self._call(("version",), "")
        found = dict(_VERSION.findall(done.stdout))
        client, server = found.get("Client", "unknown"), found.get("Server")
        if server is None:
            return done.stderr.strip().removeprefix("Error: ") or "Tiller does not answer"
        if client != server:
            return f"{self.executable} is {client}, Tiller is {server}; they must be the same"
        return ""

    def add_repository(self, url: str, ca_file: str, username: str, password: str) -> None:
        """Make the repository known as ``charts`` and get its index.

        Written into the file that ``helm repo add`` writes: its password would be an argument otherwise.
        """
        cache = self.home / "repository" / "cache"
        entry = {
            "name": REPOSITORY,
            "url": url,
            "cache": str(cache / f"{REPOSITORY}-index.yaml"),
            "caFile": str(Path(ca_file).resolve()) if ca_file else "",
            "certFile": "",
            "keyFile": "",
            "username": username,
            "password": password,
        }
        file = {"apiVersion": "v1", "generated": "2020-01-01T00:00:00Z", "repositories": [entry]}
        (self.home / "repository" / "repositories.yaml").write_text(yaml.safe_dump(file))
        output = self.run("repo", "update")
        # It ends well whatever the repository answers (helm v2.17 cmd/helm/repo_update.go).
        if found := re.search(r"Unable to get an update from.*(?:\n\s+\S.*)*", output):
            raise ProviderError(f"{self.executable} repo update: {' '.join(found[0].split())}")

    def status_code(self, release: str) -> int:
        """Number of the release's status; 1 is DEPLOYED (hapi/release/status.proto)."""
        return int(json.loads(self.run("status", release, "--output", "json"))["info"]["status"]["code"])

    def _call(self, arguments: tuple[str, ...], stdin: str) -> subprocess.CompletedProcess[str]:
        try:
            return subprocess.run(
                [self.executable, *arguments],
                env=_environment(self.home, self.host),
                input=stdin,
                capture_output=True,
                text=True,
                errors="replace",
                timeout=self.timeout,
                check=False,
                start_new_session=True,  # a Ctrl-C for the engine does not cut a change in the middle
                preexec_fn=_WITH_PARENT,
            )
        except OSError as error:
            raise _not_runnable("helm", self.executable, error) from None
        except subprocess.TimeoutExpired:
            what = f"{self.executable} {arguments[0]}"
            raise ProviderError(f"{what} did not end within {self.timeout / 60:g} minutes") from None


def version_of(what: str, executable: str) -> str:
    """Version of ``helm`` or ``tiller``, which is asked for nothing else, such as ``v2.17.0``.

    Raises:
        ProviderError: It cannot be run, or is no Helm v2.
    """
    arguments = ["version", "--client"] if what == "helm" else ["--version"]
    try:
        done = subprocess.run(
            [executable, *arguments],
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_CALL_SECONDS,
            check=False,
        )
    except OSError as error:
        raise _not_runnable(what, executable, error) from None
    except subprocess.TimeoutExpired:
        raise ProviderError(f"{executable} {' '.join(arguments)} did not end") from None
    text = done.stdout.strip()
    version = dict(_VERSION.findall(text)).get("Client", "") if what == "helm" else text
    if done.returncode or not version.startswith("v2."):
        found = (done.stderr.strip() or text or f"exit code {done.returncode}").splitlines()[0]
        raise ProviderError(
            f"{executable} is no {what} v2: it says {found!r}. Give the path of one (v2.17.0 is the last): "
            f"pulumi config set {_CONFIG[what]} PATH"
        )
    return version


@contextmanager
def private_home(kubeconfig: str) -> Iterator[Path]:
    """A directory (mode 0700) with the kubeconfig, for as long as the body runs.

    Those that a killed process of this user left behind are removed first.
    """
    for left in Path(tempfile.gettempdir()).glob(f"{_PREFIX}-*"):
        pid = left.name.split("-")[-2]
        with contextlib.suppress(OSError):
            if left.stat().st_uid == os.getuid() and not (pid.isdigit() and _alive(int(pid))):
                shutil.rmtree(left, ignore_errors=True)
    with tempfile.TemporaryDirectory(prefix=f"{_PREFIX}-{os.getpid()}-") as directory:
        home = Path(directory)
        (home / "repository" / "cache").mkdir(parents=True)
        (home / "repository" / "repositories.yaml").write_text(
            "apiVersion: v1\ngenerated: 2020-01-01T00:00:00Z\nrepositories: []\n"
        )
        (home / "kubeconfig").write_text(kubeconfig)
        yield home


@contextmanager
def local_tiller(executable: str, home: Path) -> Iterator[str]:
    """A Tiller on this machine while the body runs; yields its address on the loopback interface.

    It works with the rights of the home's kubeconfig and keeps its records in Secrets. Should this process
    be killed, it ends with it (on Linux).

    Raises:
        ProviderError: It is not there, or does not start.
    """
    address, probe = (f"{_LOCAL}:{_free_port()}" for _ in range(2))
    command = [executable, "--storage=secret", f"--listen={address}", f"--probe-listen={probe}"]
    log = home / "tiller.log"
    with log.open("wb") as output:
        try:
            process = subprocess.Popen(
                [*command, f"--history-max={HISTORY}"],
                env=_environment(home),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
                preexec_fn=_WITH_PARENT,  # noqa: PLW1509 - there are no threads
            )
        except OSError as error:
            raise _not_runnable("tiller", executable, error) from None
    try:
        deadline = time.monotonic() + _START_SECONDS
        while not _open(address):
            if process.poll() is not None or time.monotonic() > deadline:
                tail = "\n".join(log.read_text(errors="replace").splitlines()[-5:])
                raise ProviderError(f"{executable} does not listen on {address}: {tail}")
            time.sleep(0.05)
        if process.poll() is not None:
            raise ProviderError(f"{executable} ended, and another process listens on {address}. Try again")
        yield address
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _environment(home: Path, host: str = "") -> Mapping[str, str]:
    """This process's variables without those that lead Helm elsewhere or hold more than it needs."""
    dropped = ("HELM_", "HELM2_", "TILLER_", "PULUMI_COMMAND_")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(dropped)}
    return {
        **kept,
        "HELM_HOME": str(home),
        "KUBECONFIG": str(home / "kubeconfig"),
        "TMPDIR": str(home),
        **({"HELM_HOST": host} if host else {}),
    }


def _not_runnable(what: str, executable: str, error: OSError) -> ProviderError:
    return ProviderError(
        f"{executable!r} cannot be run ({error.strerror}). Install {what} v2 (v2.17.0 is the last), or give "
        f"its path: pulumi config set {_CONFIG[what]} PATH"
    )


def _end_with_parent() -> None:
    ctypes.CDLL(None).prctl(_DIE_WITH_PARENT, signal.SIGKILL)


_WITH_PARENT = _end_with_parent if sys.platform == "linux" else None
"""Run in each child: should this process be killed, the child ends too."""


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((_LOCAL, 0))
        port: int = probe.getsockname()[1]
        return port


def _open(address: str) -> bool:
    host, _, port = address.partition(":")
    with socket.socket() as client:
        client.settimeout(1)
        return client.connect_ex((host, int(port))) == 0
