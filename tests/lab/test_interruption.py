"""Killed in the middle, run again: nothing is made twice, and nothing is lost."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from lab import bringup, process
from lab.engine import Engine
from lab.layout import REPO, Lab
from tests.lab.conftest import Site, commands, free_net

pytestmark = pytest.mark.lab


def kill_when(bare: Site, engine: Engine, text: str) -> None:
    """Start ``up`` and kill all of Pulumi's processes, without mercy, when its output has ``text``."""
    up = subprocess.Popen(
        engine.command("up", "--yes", "--skip-preview"),
        env=engine.process_environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    assert up.stdout is not None
    seen = ""
    for line in up.stdout:
        seen += line
        if text in line:
            time.sleep(1)
            os.killpg(up.pid, signal.SIGKILL)
            break
    up.wait()
    assert text in seen, seen
    process.stop(bare.lab, "pulumi", force=True)


def test_kill_while_the_cluster_and_while_the_releases_are_made(bare: Site) -> None:
    second = bare.beside("second")
    before = len(bare.calls())
    for moment in ("rancher-cluster creating", "ingress-release creating", "rancher-server-rollout creating"):
        kill_when(bare, second, moment)
        second.ensure_stack()  # breaks the lock that the killed run left
    done = second.run("up", "--yes", "--skip-preview", check=False)
    assert done.returncode == 0, done.stdout
    calls = commands(bare.calls()[before:])
    assert calls.count("create-cluster") == 1
    assert calls.count("create-network-profile") == 1
    assert second.run("preview", "--expect-no-changes", check=False).returncode == 0
    done = second.run("destroy", "--yes", "--skip-preview", check=False)
    assert done.returncode == 0, done.stdout


def test_what_a_killed_up_has_ordered_goes_with_destroy(bare: Site) -> None:
    """The state never knew the cluster; and its subnets are not others' when the ``up`` is resumed."""
    third = bare.beside("third")
    before = others(third)
    kill_when(bare, third, "rancher-cluster creating")
    third.ensure_stack()
    assert inventory(bare, third) == (True, True)
    assert others(third) == before
    done = third.run("destroy", "--yes", "--skip-preview", check=False)
    assert done.returncode == 0, done.stdout
    assert "was ordered by an update that was cut off: it is deleted" in done.stdout
    assert inventory(bare, third) == (False, False)


def test_up_converges_after_half_a_destroy(bare: Site) -> None:
    """The cluster's objects have left the state, and are in the cluster: with another key."""
    fourth = bare.beside("fourth")
    done = fourth.run("up", "--yes", "--skip-preview", check=False)
    assert done.returncode == 0, done.stdout
    refused = {"pks-api": {"status": 500, "methods": ["DELETE"], "path": "/v1/clusters/"}}
    bare.lab.faults.write_text(json.dumps(refused))
    done = fourth.run("destroy", "--yes", "--skip-preview", check=False)
    assert "`pks delete-cluster fourth" in done.stdout
    bare.lab.faults.unlink()
    assert "certificates-tls" not in fourth.run("stack", "export").stdout
    for command in (("up", "--yes", "--skip-preview"), ("preview", "--expect-no-changes")):
        done = fourth.run(*command, check=False)
        assert done.returncode == 0, done.stdout
    done = fourth.run("destroy", "--yes", "--skip-preview", check=False)
    assert done.returncode == 0, done.stdout
    assert inventory(bare, fourth) == (False, False)


def inventory(bare: Site, engine: Engine) -> tuple[bool, bool]:
    """Whether the foundation has the stack's cluster, and its network profile."""
    state = json.loads(bare.lab.path("foundation", "state.json").read_text())
    return f'"{engine.stack}"' in json.dumps(state["clusters"]), f"lb-{engine.stack}" in state[
        "network_profiles"
    ]


def others(engine: Engine) -> int:
    """Subnets of the pod network that others use, as the program finds them in NSX-T."""
    preview = engine.run("preview", "--json").stdout
    steps = json.loads(preview[preview.index("{\n") :])["steps"]
    previewed = [step["newState"] for step in steps if step["urn"].endswith("::capacity-figures")]
    if not previewed:  # unchanged
        state: dict[str, Any] = json.loads(engine.run("stack", "export").stdout)
        resources = state["deployment"]["resources"]
        previewed = [item for item in resources if item["urn"].endswith("::capacity-figures")]
    blocks = previewed[0]["inputs"]["figures"]["network"]["blocks"]
    return sum(int(block["subnetsUsed"]) for block in blocks)


@pytest.fixture
def own_lab(tmp_path: Path) -> Iterator[Lab]:
    """A lab that is not up; taken down at the end whatever happens."""
    lab = Lab(tmp_path / "lab", free_net())
    yield lab
    bringup.down(lab)


@pytest.fixture
def _interruptible() -> Iterator[None]:
    """Children heed Ctrl-C, also where the tests run in a shell's background, which ignores it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("_interruptible")
def test_the_lab_goes_on_after_ctrl_c_and_goes_away_whole(own_lab: Lab) -> None:
    """Interrupted while its simulators start and while PKS builds the cluster; then up, then down.

    With Helm v2, and moved to Helm 3 at the end, as a person would try both.
    """

    def command(*arguments: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", "lab", *arguments],
            cwd=REPO,
            env={**os.environ, **own_lab.environment},
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )

    for moment in ("vCenter, PKS", "rancher-cluster creating"):
        up = command("up", "--helm", "v2")
        assert up.stdout is not None
        seen = ""
        while moment not in seen and (line := up.stdout.readline()):
            seen += line
        assert moment in seen, seen
        for _ in range(2):  # an impatient person
            up.send_signal(signal.SIGINT)
            time.sleep(0.5)
        seen += up.stdout.read()
        assert "`make lab` resumes" in seen, seen
        assert up.wait() == 130
        assert "pulumi" not in process.running(own_lab)
    for helm, told in (
        ("v2", "tiller-init created"),
        ("v3", "release rancher is managed by Helm 3: it stays"),
    ):
        up = command("up", "--helm", helm)
        output, _ = up.communicate()
        assert up.returncode == 0, output
        assert told in output
        assert "Lab ready" in output
    assert command("down").wait() == 0
    assert process.running(own_lab) == {}
    assert not own_lab.home.exists()
