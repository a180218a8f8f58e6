"""A subset of ``make faults``, every case that was found, and a proof that the judge sees what is wrong."""

from __future__ import annotations

import pytest

from components.preflight import PreflightProvider
from components.rancher import api_token
from tests.faults import world as worlds
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
    "killed when Rancher had issued the token": Schedule(
        0, ("up once", "up", "destroy"), (Fault("rancher POST tokens", 1, "killed after"),)
    ),
    "the answer to the change of the password is lost": Schedule(
        0, ("up once", "up", "destroy"), (Fault("rancher POST users", 1, "lost"),)
    ),
    "the login of a refresh is lost": Schedule(
        487,
        ("up once", "refresh", "refresh", "up", "destroy"),
        (Fault("rancher POST login", 3, "hangs after"),),
    ),
    "the user of a refresh's login is not shown": Schedule(
        5319, ("up once", "refresh", "up", "destroy"), (Fault("rancher GET users", 3, "garbage"),)
    ),
    "the login ends while a session is revoked": Schedule(
        6961,
        ("up once", "up", "destroy"),
        (Fault("rancher GET tokens", 2, "expired"), Fault("rancher DELETE tokens", 1, "expired")),
    ),
    "killed when the DNS record was made, then destroyed": Schedule(
        840, ("up once", "destroy once", "destroy"), (Fault("dns update", 4, "killed after"),)
    ),
    "killed when the DNS record was made": Schedule(
        0, ("up once", "up", "destroy"), (Fault("dns update", 5, "killed after"),)
    ),
}


@pytest.mark.parametrize("name", FOUND)
def test_what_was_once_found(name: str) -> None:
    world, wrong = run(FOUND[name])
    assert wrong == []
    assert world.taken, "the fault has happened"


@pytest.mark.parametrize("seed", range(1, 31))
def test_a_schedule_converges_and_leaves_nothing(seed: int) -> None:
    assert run(Schedule.drawn(seed))[1] == []


def test_a_seed_is_always_the_same_schedule() -> None:
    assert Schedule.drawn(7) == Schedule.drawn(7) != Schedule.drawn(8)
    first, second = (run(Schedule.drawn(7)) for _ in range(2))
    assert first[1] == second[1] == []
    assert set(first[0].gate.counts) == set(second[0].gate.counts)  # polls depend on how busy the machine is


def test_every_command_that_faults_are_drawn_for_is_called() -> None:
    world, wrong = run(Schedule(0, ("up", "resize", "refresh", "destroy"), ()))
    assert wrong == []
    called = {command for command, number in world.gate.counts.items() if number}
    assert set(worlds.COMMANDS) <= called


def test_the_judge_sees_what_is_left_and_names_the_one_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(PreflightProvider, "remove", lambda *_: None)
    several = Schedule(
        0,
        ("up once", "destroy"),
        (Fault("plans", 1, "refused"), Fault("create-cluster", 1, "killed after")),
    )
    assert "destroy leaves" in run(several)[1][0]
    assert shrunk(several).faults == several.faults[1:]


def test_the_judge_sees_tokens_in_rancher(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(api_token, "_left_behind", lambda *_: [])
    killed = Schedule(0, ("up once", "up"), (Fault("rancher POST tokens", 1, "killed after"),))
    assert any("tokens and sessions of the stack in Rancher" in text for text in run(killed)[1])
