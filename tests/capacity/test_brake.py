"""When the brake closes and opens, and what it counts."""

from __future__ import annotations

from dataclasses import replace

import pytest

from capacity.model.assessment import assess
from capacity.model.brake import Live, Use, Verdict, decide, scarcest
from capacity.model.limits import POD_SUBNETS
from tests.capacity.test_model import plan

NOON, LATER, LAST = "2026-11-27T12:00:00Z", "2026-11-27T13:00:00Z", "2026-11-27T14:00:00Z"


def use(taken: int, day: str = NOON) -> Use:
    return Use(limit="pod subnets", taken=taken, capacity=100, day=day)


def decided(previous: Verdict | None, taken: int, now: str) -> Verdict:
    return decide(previous, use(taken, now), close=95, reopen=90, now=now)


def test_it_closes_and_opens_with_hysteresis_and_says_since_when_and_why() -> None:
    first = decided(None, 94, NOON)
    assert (first.mode, first.since) == ("fleet-only", NOON)
    closed = decided(first, 95, LATER)
    assert (closed.mode, closed.since) == ("closed", LATER)
    assert closed.reason == "95 of 100 pod subnets are taken (95 %); it opens at 90 %"
    assert closed.headroom == f"5 of 100 pod subnets were left at {LATER}"
    for taken in (91, 94, 99):
        assert decided(closed, taken, LAST).mode == "closed"
        assert decided(closed, taken, LAST).since == LATER
    opened = decided(closed, 90, LAST)
    assert (opened.mode, opened.since) == ("fleet-only", LAST)


def test_a_few_namespaces_more_change_no_word_of_it() -> None:
    first = decided(None, 31, NOON)
    assert decided(first, 39, LATER) is first
    moved = decided(first, 40, LATER)
    assert moved.since == NOON
    assert moved.headroom == f"60 of 100 pod subnets were left at {LATER}"


@pytest.mark.parametrize(
    "document", [{}, {"mode": "open"}, {"mode": 5}, {"mode": "fleet-only", "percent": None}]
)
def test_a_verdict_in_an_output_of_any_kind_is_read(document: dict[str, object]) -> None:
    found = Verdict.of(document)
    assert (found is None) == (document.get("mode") != "fleet-only")


def test_a_verdict_survives_the_stacks_output() -> None:
    closed = decided(None, 99, NOON)
    assert Verdict.of(vars(closed)) == closed


def test_what_is_there_counts_and_not_what_is_planned() -> None:
    planned = plan(imports=40)
    live = Live(namespaces=50, clusters=5, projects=2, preferences=1)
    found = scarcest(planned, live, NOON)
    assert (found.limit, found.taken, found.capacity) == (POD_SUBNETS.name, 50, 256)
    others = replace(planned.network.blocks[0], subnets_used=100)
    shared = replace(planned, network=replace(planned.network, blocks=(others,)))
    assert scarcest(shared, live, NOON).taken == 150


def test_the_scarcest_of_several_limits_counts() -> None:
    planned = plan(imports=1)
    tight = replace(planned, network=replace(planned.network, floating_ips=60))
    live = Live(namespaces=50, clusters=5, projects=0, preferences=1)
    found = scarcest(tight, live, NOON)
    assert found.capacity == 60
    assert found.limit in {limit.name for limit in assess(tight).limits}
