"""Statistics of requests: against a plain reading of the timeline, and what must hold for any."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drill.statistics import Request, statistics

INTERVAL = 0.25


def timeline(marks: str) -> list[Request]:
    """A request each 0.25 s from 0 on: ``.`` answered, ``x`` failed."""
    return [
        Request(number * INTERVAL, 0.01, "no answer" if mark == "x" else "")
        for number, mark in enumerate(marks)
    ]


@pytest.mark.parametrize(
    ("marks", "gap", "recovery"),
    [
        ("........", 0.0, 0.0),
        ("....x...", 0.25, 0.25),
        ("....xxx.", 0.75, 0.75),
        ("....x.x.", 0.25, 0.75),
        # Failures before the break are failures, but nothing to recover from.
        (".x......", 0.25, 0.0),
        # Never back: the gap is as long as it was looked at.
        ("....x.xx", 1.5, None),
    ],
)
def test_gap_and_recovery(marks: str, gap: float, recovery: float | None) -> None:
    found = statistics(timeline(marks), broken_at=1.0, until=3.0)
    assert found.longest_gap == gap
    assert found.recovery == recovery
    assert (found.requests, found.failures) == (len(marks), marks.count("x"))


def test_slowest_is_of_the_answered_ones_and_errors_are_told_once() -> None:
    requests = [Request(0, 3.0), Request(1, 10.0, "b"), Request(2, 1.0, "a"), Request(3, 1.0, "a")]
    found = statistics(requests, 0.0, 4.0)
    assert found.slowest == 3.0
    assert found.errors == ("a", "b")


def test_nothing_asked_is_nothing_failed() -> None:
    found = statistics([], 0.0, 1.0)
    assert (found.requests, found.failures, found.longest_gap, found.recovery) == (0, 0, 0.0, 0.0)


_marks = st.text(alphabet=".x", min_size=1, max_size=60)


@given(_marks, st.integers(0, 60))
def test_agrees_with_a_plain_reading(marks: str, broken: int) -> None:
    until = len(marks) * INTERVAL
    found = statistics(timeline(marks), broken * INTERVAL, until)
    assert found.longest_gap == max(map(len, marks.split("."))) * INTERVAL
    if marks.endswith("x"):
        assert found.recovery is None
    else:
        back = marks.rindex("x") + 1 if "x" in marks else 0
        assert found.recovery == max(back - broken, 0) * INTERVAL


@given(_marks, st.data())
def test_one_more_failure_makes_nothing_better(marks: str, data: st.DataObject) -> None:
    index = data.draw(st.integers(0, len(marks) - 1))
    worse = marks[:index] + "x" + marks[index + 1 :]
    before, after = (statistics(timeline(text), 0.0, len(text) * INTERVAL) for text in (marks, worse))
    assert after.failures >= before.failures
    assert after.longest_gap >= before.longest_gap
    never = float("inf")
    assert (never if after.recovery is None else after.recovery) >= (
        never if before.recovery is None else before.recovery
    )
