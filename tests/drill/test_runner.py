"""A drill from its break to the verdict; the break is always undone."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

import pytest

from components.runtime.errors import ProviderError
from drill import drills
from drill.drills import HostCommands, Kind, PlannedDrill, Undo
from drill.note import Note
from drill.runner import Limits, Result, Run, restore
from tests.drill.fake_cluster import TOGETHER, VMS, FakeCluster

LIMITS = Limits(max_gap=5, recovery=30, settle=0.05, interval=0.01, kubernetes_interval=0.02, pause=0.01)
IMPATIENT = replace(LIMITS, recovery=0.2)
POWER_ONLY = HostCommands()
COMMANDS = HostCommands(("lose", "{host}"), ("return", "{host}"))


def perform(
    cluster: FakeCluster,
    path: Path,
    kind: Kind,
    host: str = "",
    *,
    limits: Limits = LIMITS,
    commands: HostCommands = POWER_ONLY,
) -> Result:
    """Carry out a drill."""
    drill = PlannedDrill(kind, host).drill(cluster.snapshot(), commands)
    with Note(path) as note:
        return Run(drill, cluster, note, limits, lambda _line: None).perform()


@pytest.fixture
def note(tmp_path: Path) -> Path:
    return tmp_path / "note.json"


@pytest.mark.parametrize(
    ("kind", "host", "down", "calls"),
    [
        ("pod", "", {}, ["delete p0"]),
        ("worker", "", {"worker": 1}, ["power off vm-w1", "power on vm-w1"]),
        ("master", "", {"master": 1}, ["power off vm-m1", "power on vm-m1"]),
        ("host", "esx-1", {"master": 1, "worker": 1}, ["power off vm-m1 vm-w1", "power on vm-m1 vm-w1"]),
    ],
)
def test_each_kind_passes_and_restores_the_cluster(
    kind: Kind, host: str, down: dict[str, int], calls: list[str], note: Path
) -> None:
    cluster = FakeCluster()
    result = perform(cluster, note, kind, host)
    assert result.failures == ()
    assert result.down == down
    assert result.repaired is not None
    assert result.rancher.requests > 3
    assert cluster.calls == calls
    assert cluster.off == set()
    assert not note.exists()


def test_a_host_is_lost_by_the_commands_if_given(note: Path) -> None:
    cluster = FakeCluster()
    result = perform(cluster, note, "host", "esx-2", commands=COMMANDS)
    assert result.down == {"master": 1, "worker": 1}
    assert cluster.calls == ["lose esx-2", "return esx-2"]
    assert cluster.lost_hosts == set()


def test_two_of_a_role_on_one_host_fail_the_drill(note: Path) -> None:
    result = perform(FakeCluster(TOGETHER), note, "host", "esx-1", limits=IMPATIENT)
    failures = "\n".join(result.failures)
    assert "2 masters were down at once: they are not kept on different hosts" in failures
    assert "2 workers were down at once" in failures
    # Of three masters one cannot decide.
    assert "no recovery in 0.2 s without help: no leader" in failures
    assert result.repaired is None
    assert result.kubernetes.failures > 0


def test_a_gap_over_the_limit_fails_the_drill(note: Path) -> None:
    begun: list[float] = []

    def failing(cluster: FakeCluster) -> bool:
        if cluster.off and not begun:
            begun.append(time.monotonic())
        return bool(begun) and time.monotonic() - begun[0] < 0.5

    result = perform(FakeCluster(fail_requests=failing), note, "worker", limits=replace(LIMITS, max_gap=0.2))
    [failure] = result.failures
    assert failure.startswith("Rancher gave no answer for ")
    assert "more than 0.2 s" in failure
    assert result.rancher.longest_gap >= 0.4


def test_what_does_not_recover_is_restored_and_reported(note: Path) -> None:
    cluster = FakeCluster(blind=True)
    result = perform(cluster, note, "worker", limits=IMPATIENT)
    assert result.failures == ("no recovery in 0.2 s without help: 0 of 3 Rancher pods are ready",)
    assert result.repaired is None
    assert cluster.off == set()


def test_a_break_that_is_refused_is_undone(note: Path) -> None:
    cluster = FakeCluster(refuse={"lose esx-1"})
    with pytest.raises(ProviderError, match="refused: lose esx-1"):
        perform(cluster, note, "host", "esx-1", commands=COMMANDS)
    assert cluster.calls == ["lose esx-1", "return esx-1"]
    assert cluster.lost_hosts == set()
    assert not note.exists()


def test_ctrl_c_restores(note: Path) -> None:
    cluster = FakeCluster(blind=True)

    def interrupt(call: str) -> None:
        if call.startswith("power off"):
            raise KeyboardInterrupt

    cluster.on_call = interrupt
    with pytest.raises(KeyboardInterrupt):
        perform(cluster, note, "worker")
    assert cluster.off == set()
    assert not note.exists()


def test_services_that_do_not_answer_are_not_drilled(note: Path) -> None:
    cluster = FakeCluster(fail_requests=lambda _cluster: True)
    with pytest.raises(ProviderError, match="nothing was broken: the services do not answer steadily: HTTP"):
        perform(cluster, note, "worker", limits=IMPATIENT)
    assert cluster.calls == []


def test_what_cannot_be_restored_stays_noted_for_the_next_run(note: Path) -> None:
    cluster = FakeCluster(refuse={"return esx-1"})
    with pytest.raises(ProviderError, match="refused: return esx-1"):
        perform(cluster, note, "host", "esx-1", commands=COMMANDS)
    assert cluster.lost_hosts == {"esx-1"}
    cluster.refuse = set()
    with Note(note) as left:
        found = left.read()
        assert found is not None
        what, undo = found
        assert what == "host esx-1"
        assert restore(undo, cluster, LIMITS) == ""
        left.clear()
    assert cluster.off == set()
    assert not note.exists()


def test_restoring_retries_until_everything_works() -> None:
    cluster = FakeCluster(refuse={"power on vm-w1"})
    cluster.power(["vm-w1"], on=False)
    tries: list[str] = []

    def relent(call: str) -> None:
        tries.append(call)
        if len(tries) == 3:
            cluster.refuse = set()

    cluster.on_call = relent
    assert restore(Undo(vms=("vm-w1",)), cluster, LIMITS) == ""
    assert len(tries) == 3
    cluster.power(["vm-w1"], on=False)
    cluster.refuse = {"power on vm-w1"}
    assert restore(Undo(vms=("vm-w1",)), cluster, IMPATIENT) == "refused: power on vm-w1"


def test_a_vm_that_bosh_has_replaced_is_accepted_and_reported(note: Path) -> None:
    cluster = FakeCluster(blind=True)

    def replace_it(call: str) -> None:
        if call.startswith("power off"):
            cluster.vms = (*VMS[:3], replace(VMS[3], name="vm-new"), *VMS[4:])

    cluster.on_call = replace_it
    result = perform(cluster, note, "worker")
    assert result.failures == ()
    assert result.replaced == ("vm-w1",)
    assert cluster.calls == ["power off vm-w1", "power on vm-w1"]


def test_a_vm_that_bosh_has_replaced_counts_like_the_old_one() -> None:
    cluster = FakeCluster()
    before = cluster.snapshot()
    drill = drills.vm("worker", before)
    cluster.power(["vm-w1"], on=False)
    replaced = tuple(replace(item, name="vm-new") if item.name == "vm-w1" else item for item in VMS)
    now = FakeCluster(replaced).snapshot()
    assert drill.missing(now, before) == ""
    assert list(now.problems(before)) == []
