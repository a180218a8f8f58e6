"""Commands of the lab that are run by hand: ``lab down`` finds what a killed one leaves."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

from lab import bringup, process, tool
from lab.engine import Engine, Tools
from lab.layout import Lab
from tests.lab.fake_nsx import free_net

# An engine that starts a plugin, which outlives it.
_ENGINE = """#!/bin/sh
sleep 600 &
echo started
wait
"""


@pytest.fixture
def lab(tmp_path: Path) -> Lab:
    made = Lab(tmp_path / "lab", free_net())
    bringup.prepare(made)
    return made


def test_a_killed_run_leaves_no_process(lab: Lab, tmp_path: Path) -> None:
    tools = Tools(tmp_path / "bin", tmp_path / "plugins")
    tools.bin.mkdir()
    engine = tools.bin / "pulumi"
    engine.write_text(_ENGINE)
    engine.chmod(0o755)
    Engine(lab, tools).install_plugins()

    variables = {name: value for name, value in os.environ.items() if name != process.MARK}
    command = [str(lab.home / "bin" / "pulumi"), "up"]
    with subprocess.Popen(command, env=variables, stdout=subprocess.PIPE, text=True) as running:
        assert running.stdout is not None
        assert running.stdout.readline() == "started\n"
        running.send_signal(signal.SIGKILL)
        running.wait()
        assert process.running(lab) != {}, "the plugin runs on"
        assert bringup.down(lab) == ["pulumi"]
    assert process.running(lab) == {}


def test_a_command_keeps_the_mark_of_its_daemon(lab: Lab, tmp_path: Path) -> None:
    """Tiller runs as a daemon of its cluster in one mode, as a child of ``up`` in the other."""
    sleeper = tmp_path / "sleeper"
    sleeper.write_text("#!/bin/sh\nexec sleep 600\n")
    sleeper.chmod(0o755)
    tool.wrap(lab, "sleeper", [str(sleeper)], {})
    process.start(lab, "cluster-1-tiller", [str(lab.home / "bin" / "sleeper")])
    try:
        for _ in range(5):
            assert list(process.running(lab)) == ["cluster-1-tiller"]
            time.sleep(0.05)
    finally:
        process.stop(lab, force=True)
