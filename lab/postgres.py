"""A PostgreSQL server of Debian's package on loopback, as a state backend: TLS, a password, one database.

PostgreSQL refuses to run as root: there the processes run as another user, in a directory of their own.
"""

from __future__ import annotations

import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from lab import pki

USER = DATABASE = "pulumi"
_PACKAGED = Path("/usr/lib/postgresql")
_UNPRIVILEGED = ("postgres", "nobody")
_READY_SECONDS = 120.0


@dataclass(frozen=True)
class Postgres:
    """A running server.

    Attributes:
        port: Its port on 127.0.0.1.
        password: Password of the user ``pulumi``, who owns the database ``pulumi``.
        ca: CA of its certificate.
        commands: Directory of its commands, such as ``psql``.
    """

    port: int
    password: str
    ca: Path
    commands: Path

    @property
    def url(self) -> str:
        """The backend's URL, without the password: that is in ``environment``."""
        query = f"sslmode=verify-full&sslrootcert={self.ca}"
        return f"postgres://{USER}@127.0.0.1:{self.port}/{DATABASE}?{query}"

    @property
    def environment(self) -> dict[str, str]:
        """Variables that select the backend."""
        return {"PULUMI_BACKEND_URL": self.url, "PGPASSWORD": self.password}

    def query(self, sql: str) -> str:
        """Returns what ``psql`` prints for a statement, unaligned."""
        command = [str(self.commands / "psql"), self.url, "--no-psqlrc", "-tAc", sql]
        environment = {**os.environ, "PGPASSWORD": self.password}
        return subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout


def commands() -> Path | None:
    """Returns the directory of the newest installed server; None if there is none."""
    found = sorted(_PACKAGED.glob("*/bin/initdb"), key=lambda path: float(path.parent.parent.name))
    if found:
        return found[-1].parent
    on_path = shutil.which("initdb")
    return Path(on_path).resolve().parent if on_path else None


@contextmanager
def running() -> Iterator[Postgres]:
    """Runs a server with an empty database.

    Raises:
        RuntimeError: It is not installed, or does not start; the message has the end of its log.
    """
    place = commands()
    if place is None:
        raise RuntimeError("PostgreSQL is not installed (Debian: apt-get install postgresql)")
    user = _user()
    root = Path(tempfile.mkdtemp(prefix="postgres-"))
    try:
        server = _prepare(root, place, user)
        with (root / "log").open("w") as log:
            arguments = ["-D", str(root / "data"), "-p", str(server.port), "-k", "", "-h", "127.0.0.1"]
            arguments += ["--ssl=on", f"--ssl_cert_file={root / 'server.crt'}"]
            arguments += [f"--ssl_key_file={root / 'server.key'}"]
            arguments += ["--fsync=off"]  # nothing outlives the process
            process = subprocess.Popen(
                [str(place / "postgres"), *arguments], user=user, stdout=log, stderr=log, cwd=root
            )
        try:
            _await(server, process, root / "log")
            yield server
        finally:
            process.send_signal(signal.SIGINT)  # "fast shutdown": open sessions end
            process.wait()
    finally:
        shutil.rmtree(root, ignore_errors=True)


def _user() -> str | None:
    """The user to run as: None for the present one."""
    if os.geteuid() != 0:
        return None
    known = {entry.pw_name for entry in pwd.getpwall()}
    return next(name for name in _UNPRIVILEGED if name in known)


def _prepare(root: Path, place: Path, user: str | None) -> Postgres:
    ca, ca_key = root / "ca.crt", root / "ca.key"
    pki.ensure_authority(ca, ca_key, "PostgreSQL CA")
    files = (root / "server.crt", root / "server.key")
    pki.ensure_leaf(files, pki.Issuer.load(ca, ca_key), "postgres", ["127.0.0.1"])
    ca_key.unlink()
    server = Postgres(_free_port(), secrets.token_urlsafe(24), ca, place)
    password = root / "password"
    pki.write_private(password, server.password.encode())
    root.chmod(0o755)
    if user:
        for path in (root, password, *files):
            shutil.chown(path, user)
    command = [str(place / "initdb"), "-D", str(root / "data"), "-U", USER, f"--pwfile={password}"]
    command += ["--auth=scram-sha-256", "--encoding=UTF8", "--no-locale", "--no-sync"]
    done = subprocess.run(command, user=user, capture_output=True, text=True, cwd=root, check=False)
    if done.returncode:
        raise RuntimeError(f"initdb failed: {(done.stdout + done.stderr).strip()}")
    password.unlink()
    return server


def _await(server: Postgres, process: subprocess.Popen[bytes], log: Path) -> None:
    """Waits until the database exists."""
    deadline = time.monotonic() + _READY_SECONDS
    create = [
        str(server.commands / "createdb"),
        f"--maintenance-db={server.url.replace('/pulumi?', '/postgres?')}",
    ]
    while True:
        done = subprocess.run(
            [*create, DATABASE],
            env={**os.environ, "PGPASSWORD": server.password},
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode == 0:
            return
        if process.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError(f"PostgreSQL does not start: {done.stderr.strip()}\n{log.read_text()[-2000:]}")
        time.sleep(0.1)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
