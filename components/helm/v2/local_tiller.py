"""``local_tiller``: a Tiller on this machine for the duration of a change."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from components.helm.v2.cli import HISTORY, environment
from components.runtime.command import Command
from components.runtime.errors import ProviderError
from components.runtime.waiting import QUICK, wait

_START_SECONDS = 60.0
_LOOPBACK = "127.0.0.1"
_RETRY = "Run `pulumi up` again"


@contextmanager
def local_tiller(executable: str, home: Path) -> Iterator[str]:
    """Runs Tiller during the body; yields its address on the loopback interface.

    It uses the credentials of the home's kubeconfig and stores releases in Secrets. It is killed when this
    process is (on Linux).

    Raises:
        ProviderError: It is missing, or does not start.
    """
    address, probe = (f"{_LOOPBACK}:{_free_port()}" for _ in range(2))
    arguments = ["--storage=secret", f"--listen={address}", f"--probe-listen={probe}"]
    command = Command(executable, environment(home), property="tiller", ends_with_parent=True)
    log = home / "tiller.log"
    with command.background(*arguments, f"--history-max={HISTORY}", output=log) as process:

        def poll() -> tuple[str, bool | None]:
            listens = _listens(address)
            if process.poll() is not None:
                raise ProviderError(
                    f"{executable} ended before it listened on {address}: {_end(log)}. {_RETRY}"
                )
            return f"it does not listen on {address}: {_end(log)}", listens or None

        wait(f"start of {executable}", poll, timeout=_START_SECONDS, pace=QUICK, resume=_RETRY)
        yield address


def _end(log: Path) -> str:
    return "\n".join(log.read_text(errors="replace").splitlines()[-5:])


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((_LOOPBACK, 0))
        port: int = probe.getsockname()[1]
        return port


def _listens(address: str) -> bool:
    host, _, port = address.partition(":")
    with socket.socket() as client:
        client.settimeout(1)
        return client.connect_ex((host, int(port))) == 0
