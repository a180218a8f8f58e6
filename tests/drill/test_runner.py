"""A drill from its break to the judgement, and that what was broken is restored whatever happens."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

import pytest

from components.runtime.errors import ProviderError
from drill import drills
from drill.drills import HostCommands, Kind, Target, Undo
from drill.note import Note
from drill.runner import Limits, Result, Run, restore
from tests.drill.fake_place import MACHINES, TOGETHER, FakePlace

LIMITS = Limits(max_gap=5, recovery=30, settle=0.05, interval=0.01, kubernetes_interval=0.02, pause=0.01)
IMPATIENT = replace(LIMITS, recovery=0.2)
POWER_ONLY = HostCommands()
COMMANDS = HostCommands("lose {host}", "return {host}")


def perform(
    place: FakePlace,
    path: Path,
    kind: Kind,
    host: str = "",
    *,
    limits: Limits = LIMITS,
    commands: HostCommands = POWER_ONLY,
) -> Result:
    """Carry out a drill."""
    drill = Target(kind, host).drill(place.look(), commands)
    with Note(path) as note:
        return Run(drill, place, note, limits, lambda _line: None).perform()


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
def test_each_kind_passes_and_leaves_the_environment_whole(
    kind: Kind, host: str, down: dict[str, int], calls: list[str], note: Path
) -> None:
    place = FakePlace()
    result = perform(place, note, kind, host)
    assert result.failures == ()
    assert result.down == down
    assert result.repaired is not None
    assert result.rancher.requests > 3
    assert place.calls == calls
    assert place.off == set()
    assert not note.exists()


def test_a_host_is_lost_by_the_commands_when_they_are_given(note: Path) -> None:
    place = FakePlace()
    result = perform(place, note, "host", "esx-2", commands=COMMANDS)
    assert result.down == {"master": 1, "worker": 1}
    assert place.calls == ["lose esx-2", "return esx-2"]
    assert place.lost_hosts == set()


def test_two_of_a_role_on_one_host_fail_the_drill(note: Path) -> None:
    result = perform(FakePlace(TOGETHER), note, "host", "esx-1", limits=IMPATIENT)
    told = "\n".join(result.failures)
    assert "2 masters were down at once: they are not kept on different hosts" in told
    assert "2 workers were down at once" in told
    # Of three masters one cannot decide.
    assert "not made good in 0.2 s without help: no leader" in told
    assert result.repaired is None
    assert result.kubernetes.failures > 0


def test_a_gap_over_the_limit_fails_the_drill(note: Path) -> None:
    begun: list[float] = []

    def failing(place: FakePlace) -> bool:
        if place.off and not begun:
            begun.append(time.monotonic())
        return bool(begun) and time.monotonic() - begun[0] < 0.5

    result = perform(FakePlace(fail_requests=failing), note, "worker", limits=replace(LIMITS, max_gap=0.2))
    [failure] = result.failures
    assert failure.startswith("Rancher gave no answer for ")
    assert "more than 0.2 s" in failure
    assert result.rancher.longest_gap >= 0.4


def test_what_does_not_recover_is_restored_and_told(note: Path) -> None:
    place = FakePlace(blind=True)
    result = perform(place, note, "worker", limits=IMPATIENT)
    assert result.failures == ("not made good in 0.2 s without help: 0 of 3 Rancher pods are ready",)
    assert result.repaired is None
    assert place.off == set()


def test_a_break_that_is_refused_is_undone(note: Path) -> None:
    place = FakePlace(refuse={"lose esx-1"})
    with pytest.raises(ProviderError, match="refused: lose esx-1"):
        perform(place, note, "host", "esx-1", commands=COMMANDS)
    assert place.calls == ["lose esx-1", "return esx-1"]
    assert place.lost_hosts == set()
    assert not note.exists()


def test_ctrl_c_restores(note: Path) -> None:
    place = FakePlace(blind=True)

    def interrupt(call: str) -> None:
        if call.startswith("power off"):
            raise KeyboardInterrupt

    place.on_call = interrupt
    with pytest.raises(KeyboardInterrupt):
        perform(place, note, "worker")
    assert place.off == set()
    assert not note.exists()


def test_services_that_do_not_answer_are_not_drilled(note: Path) -> None:
    place = FakePlace(fail_requests=lambda _place: True)
    with pytest.raises(
        ProviderError, match="nothing was broken, for the services do not answer steadily: HTTP"
    ):
        perform(place, note, "worker", limits=IMPATIENT)
    assert place.calls == []


def test_what_cannot_be_restored_stays_noted_for_the_next_run(note: Path) -> None:
    place = FakePlace(refuse={"return esx-1"})
    with pytest.raises(ProviderError, match="refused: return esx-1"):
        perform(place, note, "host", "esx-1", commands=COMMANDS)
    assert place.lost_hosts == {"esx-1"}
    place.refuse = set()
    with Note(note) as left:
        found = left.read()
        assert found is not None
        what, undo = found
        assert what == "host esx-1"
        assert restore(undo, place, LIMITS) == ""
        left.clear()
    assert place.off == set()
    assert not note.exists()


def test_restoring_tries_again_until_all_is_whole() -> None:
    place = FakePlace(refuse={"power on vm-w1"})
    place.power(["vm-w1"], on=False)
    tries: list[str] = []

    def relent(call: str) -> None:
        tries.append(call)
        if len(tries) == 3:
            place.refuse = set()

    place.on_call = relent
    assert restore(Undo(machines=("vm-w1",)), place, LIMITS) == ""
    assert len(tries) == 3
    place.power(["vm-w1"], on=False)
    place.refuse = {"power on vm-w1"}
    assert restore(Undo(machines=("vm-w1",)), place, IMPATIENT) == "refused: power on vm-w1"


def test_a_vm_that_bosh_has_replaced_is_accepted_and_told(note: Path) -> None:
    place = FakePlace(blind=True)

    def replace_it(call: str) -> None:
        if call.startswith("power off"):
            place.machines = (*MACHINES[:3], replace(MACHINES[3], name="vm-new"), *MACHINES[4:])

    place.on_call = replace_it
    result = perform(place, note, "worker")
    assert result.failures == ()
    assert result.replaced == ("vm-w1",)
    assert place.calls == ["power off vm-w1", "power on vm-w1"]


def test_a_vm_that_bosh_has_replaced_is_as_good_as_the_old() -> None:
    place = FakePlace()
    before = place.look()
    drill = drills.machine("worker", before)
    place.power(["vm-w1"], on=False)
    replaced = tuple(replace(item, name="vm-new") if item.name == "vm-w1" else item for item in MACHINES)
    now = FakePlace(replaced).look()
    assert drill.missing(now, before) == ""
    assert list(now.problems(before)) == []
