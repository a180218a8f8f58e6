"""``make drill`` in the lab: what users notice of each loss, and that all is as it was afterwards."""

# mypy: disable-error-code="no-untyped-call"
# (pyVmomi makes its classes when they are used)
from __future__ import annotations

import json
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from pyVmomi import vim

from lab.engine import drill_command
from lab.foundation import esxi, vcenter
from lab.foundation.state import State
from lab.layout import REPO
from tests.lab.conftest import Site

pytestmark = pytest.mark.lab


def drill(site: Site, *arguments: str) -> subprocess.Popen[str]:
    """A run of it."""
    return subprocess.Popen(
        [*drill_command(site.engine), "--format", "json", "--settle", "3", *arguments],
        cwd=REPO,
        env=site.engine.process_environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def drilled(site: Site, *arguments: str) -> tuple[int, dict[str, Any], str]:
    """Exit code, JSON and progress of a run."""
    running = drill(site, *arguments)
    out, progress = running.communicate()
    return running.returncode, json.loads(out) if out else {}, progress


def roles(site: Site) -> dict[str, str]:
    """The role of each of the cluster's VMs by its CID."""
    [cluster] = [item for item in State.load(site.lab).clusters.values() if item.name == "rancher-lab"]
    return {machine.cid: machine.job for machine in cluster.machines}


def together(site: Site) -> int:
    """The most VMs of one role on one host."""
    known = roles(site)
    return max(
        max(Counter(known[cid] for cid in host.machines if cid in known).values(), default=0)
        for host in esxi.hosts(site.lab)
    )


def assert_restored(site: Site) -> None:
    """All hosts answer, all VMs run on them, and nothing is noted as broken."""
    assert all(host.connected for host in esxi.hosts(site.lab))
    assert vcenter.PowerWatch(site.lab).down() == set()
    assert not (site.lab.home / "drill.json").exists()


def until(done: Callable[[], object]) -> None:
    """Wait for it."""
    deadline = time.monotonic() + 120
    while not done():
        assert time.monotonic() < deadline
        time.sleep(0.2)


def test_with_the_rules_on_each_loss_is_made_good(site: Site) -> None:
    until(lambda: together(site) == 1)
    code, found, progress = drilled(site, "--only", "worker,master,host")
    assert code == 0, progress + json.dumps(found)
    worker, master, host = found["drills"]
    assert [item["drill"] for item in found["drills"]] == ["worker", "master", "host"]
    assert (worker["mastersDown"], worker["workersDown"]) == (0, 1)
    assert (master["mastersDown"], master["workersDown"]) == (1, 0)
    assert host["mastersDown"] <= 1
    assert host["workersDown"] <= 1
    # A dead worker is noticed, not passed over: some requests were lost on the way to it.
    assert worker["rancher"]["failures"] > 0
    assert worker["rancher"]["recoveredAfterSeconds"] > 1
    assert worker["repairedAfterSeconds"] > worker["rancher"]["recoveredAfterSeconds"]
    assert master["kubernetesApi"]["failures"] == 0
    assert_restored(site)


def test_with_the_rules_off_a_host_takes_two_masters_with_it(site: Site) -> None:
    before = site.engine.config_file.read_text()
    site.configure(site.engine, antiAffinity="off")
    try:
        assert site.engine.run("up", "--yes", "--skip-preview", check=False).returncode == 0
        _move_masters_together(site)
        code, found, progress = drilled(site, "--only", "host", "--max-gap", "5")
        assert code == 1, progress + json.dumps(found)
        [host] = found["drills"]
        assert host["mastersDown"] >= 2
        failures = "\n".join(host["failures"])
        assert f"{host['mastersDown']} masters were down at once: they are not kept" in failures
        # Without a quorum the API is silent until HA has started a master elsewhere: a gap over the limit.
        assert "the Kubernetes API gave no answer for " in failures
        assert host["kubernetesApi"]["longestGapSeconds"] > 5
        assert host["kubernetesApi"]["recoveredAfterSeconds"] is not None
        assert_restored(site)
    finally:
        site.engine.config_file.write_text(before)
        done = site.engine.run("up", "--yes", "--skip-preview", check=False)
    assert done.returncode == 0, done.stdout
    until(lambda: together(site) == 1)


def test_what_a_killed_run_broke_the_next_restores(site: Site) -> None:
    killed = drill(site, "--only", "worker")
    until(lambda: vcenter.PowerWatch(site.lab).down())
    killed.send_signal(signal.SIGKILL)
    killed.communicate()
    assert (site.lab.home / "drill.json").exists()
    [off] = vcenter.PowerWatch(site.lab).down()
    code, found, progress = drilled(site, "--only", "pod")
    assert code == 0, progress + json.dumps(found)
    assert f"the last run broke worker {off} and did not restore it: restoring" in progress
    [pod] = found["drills"]
    assert (pod["mastersDown"], pod["workersDown"]) == (0, 0)
    assert pod["rancher"]["failures"] == 0
    assert_restored(site)


def _move_masters_together(site: Site) -> None:
    """As chance may have it when nothing keeps them apart."""
    known = roles(site)
    with vcenter.session(site.lab) as content:
        masters = [
            vm for vm in vcenter.objects(content, vim.VirtualMachine) if known.get(str(vm.name)) == "master"
        ]
        for vm in masters[1:]:
            vcenter.done(vm.RelocateVM_Task(spec=vim.vm.RelocateSpec(host=masters[0].runtime.host)))
