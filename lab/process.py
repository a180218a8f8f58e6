"""Background processes of a lab.

A daemon is identified by a variable in its environment (``LAB_DAEMON=<lab directory>:<name>``), not by a pid
file. It is never untracked while it runs, so an interrupted start can be resumed, and stopping the lab finds
all of its processes and no others.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from lab.layout import Lab

MARK = "LAB_DAEMON"
_LOG_LINES = 15


def running(lab: Lab, prefix: str = "") -> dict[str, int]:
    """Returns name and process id of each running daemon of this lab whose name starts with ``prefix``.

    If several processes have the same variable (a daemon's children inherit it), the oldest counts.
    """
    return {name: pids[0] for name, pids in _marked(lab).items() if name.startswith(prefix)}


def start(
    lab: Lab, name: str, argv: Sequence[str], env: Mapping[str, str] | None = None, *, own: str = ""
) -> int:
    """Starts daemon ``name`` unless it runs; its output goes to ``log/<name>.log``. Returns the pid.

    Args:
        lab: The lab.
        name: Name of the daemon.
        argv: Its command line.
        env: Additional variables.
        own: Prefix of variables that it takes for its settings, and gets only from ``env``; empty: none.
    """
    pid = running(lab).get(name)
    if pid is not None:
        return pid
    log = lab.path("log", f"{name}.log")
    users = {key: text for key, text in os.environ.items() if not (own and key.startswith(own))}
    environment = {**users, **lab.environment, **(env or {}), MARK: f"{lab.home}:{name}"}
    with log.open("ab") as out:
        process = subprocess.Popen(
            list(argv),
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            env=environment,
            start_new_session=True,
        )
    # Popen returns after exec, a moment before /proc shows the new environment.
    while process.poll() is None and name not in running(lab):
        time.sleep(0.002)
    return process.pid


def stop(lab: Lab, prefix: str = "", grace: float = 10.0, force: bool = False) -> list[str]:
    """Stops the daemons whose name starts with ``prefix``, with their children; returns their names.

    Sends SIGTERM, and SIGKILL after ``grace`` seconds; with ``force`` SIGKILL at once.
    """
    names: list[str] = []
    deadline = time.monotonic() + grace
    signalled: set[int] = set()
    while marked := {n: p for n, p in _marked(lab).items() if n.startswith(prefix)}:
        kill = force or time.monotonic() > deadline
        for name, pids in marked.items():
            if name not in names:
                names.append(name)
            for pid in pids:
                if kill or pid not in signalled:
                    _signal(pid, signal.SIGKILL if kill else signal.SIGTERM)
                    signalled.add(pid)
        time.sleep(0.05)
    return names


def log_tail(lab: Lab, name: str) -> str:
    """Returns the last lines of a daemon's log, below a line that says so."""
    log = lab.path("log", f"{name}.log")
    lines = log.read_text(errors="replace").splitlines()[-_LOG_LINES:] if log.exists() else []
    return "\n".join([f"Last lines of {log}:", *lines])


def freeze(lab: Lab, name: str, *, frozen: bool) -> None:
    """Suspends or resumes a daemon; does nothing if it is not running."""
    for pid in _marked(lab).get(name, []):
        _signal(pid, signal.SIGSTOP if frozen else signal.SIGCONT)


def _marked(lab: Lab) -> dict[str, list[int]]:
    wanted = f"{MARK}={lab.home}:".encode()
    found: dict[str, list[int]] = {}
    for entry in sorted(int(e.name) for e in Path("/proc").iterdir() if e.name.isdigit()):
        if entry == os.getpid():
            continue
        try:
            environ = Path(f"/proc/{entry}/environ").read_bytes()
            if wanted not in environ or _state(entry) == "Z":
                continue
        except OSError:
            continue
        for variable in environ.split(b"\0"):
            if variable.startswith(wanted):
                found.setdefault(variable[len(wanted) :].decode(), []).append(entry)
    return found


def _state(pid: int) -> str:
    stat = Path(f"/proc/{pid}/stat").read_text()
    return stat[stat.rindex(")") + 2]


def _signal(pid: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)
