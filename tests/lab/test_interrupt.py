"""Any number of Ctrl-C at any moment: the command ends in order, with the exit code of an interrupted one."""

from __future__ import annotations

import signal
import subprocess
import sys
import time

import pytest

from tests.config import REPO

_WORK = """
import signal, subprocess, sys, time
from lab import interrupt

def work():
    print("ready", flush=True)
    {work}
    return 0

sys.exit(interrupt.exit_code(work, "Interrupted."))
"""
_KINDS = {
    "own work": "time.sleep(60)",
    "cleaning up": "\n    try: time.sleep(60)\n    finally: time.sleep(0.2)",
    "a process": "interrupt.wait(lambda: subprocess.Popen(['sleep', '60'], process_group=0), 'Stopping.')",
    "a slow process": "interrupt.wait(lambda: subprocess.Popen(['sleep', '1'], process_group=0, "
    "preexec_fn=lambda: signal.signal(2, signal.SIG_IGN)), 'Stopping.')",
}


def interrupted(kind: str, pause: float) -> tuple[int, str]:
    """Exit code and messages of work that gets one Ctrl-C after the other until it has ended."""
    process = subprocess.Popen(
        [sys.executable, "-c", _WORK.format(work=_KINDS[kind])],
        cwd=REPO,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=_heed,  # noqa: PLW1509 - also where the tests run in a shell's background
    )
    assert process.stdout is not None
    process.stdout.readline()
    while process.poll() is None:
        process.send_signal(signal.SIGINT)
        time.sleep(pause)
    return process.returncode, process.communicate(timeout=30)[1]  # a child that is left keeps it open


def _heed() -> None:
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.mark.parametrize("kind", _KINDS)
@pytest.mark.parametrize("pause", [0.0, 0.003, 0.05])
def test_it_ends_in_order(kind: str, pause: float) -> None:
    code, messages = interrupted(kind, pause)
    assert code == 130
    assert messages.count("Interrupted.") == 1
    assert "Traceback" not in messages


def test_without_ctrl_c_nothing_changes() -> None:
    work = _WORK.format(
        work="assert interrupt.wait(lambda: subprocess.Popen(['sh', '-c', 'exit 3']), '') == 3"
    )
    assert subprocess.run([sys.executable, "-c", work], cwd=REPO, check=False).returncode == 0
