"""A subset of ``make faults``, every case that was found, and a proof that the judge sees what is wrong."""

from __future__ import annotations

import pytest

from components.preflight import PreflightProvider
from tests.faults.gate import Fault
from tests.faults.schedule import Schedule, run, shrunk

FOUND = {
    "killed while the cluster is created, then destroyed": Schedule(
        0, ("up once", "destroy"), (Fault("create-cluster", 1, "killed after"),)
    ),
    "killed when the profile was created, then destroyed": Schedule(
        0, ("up once", "destroy"), (Fault("create-network-profile", 1, "killed after"),)
    ),
    "the answer to the order is lost, and the process killed": Schedule(
        285, ("up once", "refresh", "destroy", "up", "destroy"), (Fault("cluster", 3, "killed before"),)
    ),
    "destroy killed when PKS had accepted it": Schedule(
        0, ("up once", "destroy once", "up", "destroy"), (Fault("delete-cluster", 1, "killed after"),)
    ),
}


@pytest.mark.parametrize("name", FOUND)
def test_what_was_once_found(name: str) -> None:
    foundation, wrong = run(FOUND[name])
    assert wrong == []
    assert foundation.taken, "the fault has happened"


@pytest.mark.parametrize("seed", range(1, 41))
def test_a_schedule_converges_and_leaves_nothing(seed: int) -> None:
    assert run(Schedule.drawn(seed))[1] == []


def test_a_seed_is_always_the_same_schedule() -> None:
    assert Schedule.drawn(7) == Schedule.drawn(7) != Schedule.drawn(8)
    assert run(Schedule.drawn(7))[0].gate.counts == run(Schedule.drawn(7))[0].gate.counts


def test_the_judge_sees_what_is_left_and_names_the_one_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(PreflightProvider, "remove", lambda *_: None)
    several = Schedule(
        0,
        ("up once", "destroy"),
        (Fault("plans", 1, "refused"), Fault("create-cluster", 1, "killed after")),
    )
    assert "destroy leaves" in run(several)[1][0]
    assert shrunk(several).faults == several.faults[1:]
