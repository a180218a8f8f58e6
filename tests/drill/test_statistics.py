"""Statistics of requests: against a plain reading of the timeline, and what must hold for any."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drill.statistics import Request, statistics

INTERVAL = 0.25


def timeline(marks: str) -> list[Request]:
    """A request each 0.25 s from 0 on, answered at once (``.``) or failed (``x``)."""
    return [
        Request(number * INTERVAL, 0.0, "no answer" if mark == "x" else "")
        for number, mark in enumerate(marks)
    ]


@pytest.mark.parametrize(
    ("marks", "gap", "recovery"),
    [
        ("........", 0.25, 0.0),
        ("....x...", 0.5, 0.25),
        ("....xxx.", 1.0, 0.75),
        ("....x.x.", 0.5, 0.75),
        # Failures before the break are failures, but nothing to recover from.
        (".x......", 0.5, 0.0),
        # Never back: the gap is as long as it was looked at.
        ("....x.xx", 0.75, None),
        ("xxxxxxxx", 2.0, None),
    ],
)
def test_gap_and_recovery(marks: str, gap: float, recovery: float | None) -> None:
    found = statistics(timeline(marks), broken_at=1.0, until=2.0)
    assert found.longest_gap == gap
    assert found.recovery == recovery
    assert (found.requests, found.failures) == (len(marks), marks.count("x"))


def test_requests_that_wait_for_the_service_to_come_back_are_a_gap() -> None:
    """All that hang are answered in the same moment: nobody had an answer before."""
    hanging = [
        Request(float(second), 12.0 - second, "too late" if second < 2 else "") for second in range(12)
    ]
    found = statistics([Request(-1.0, 0.0), *hanging, Request(12.0, 0.0)], broken_at=0.0, until=12.5)
    assert found.longest_gap == 13.0
    assert found.recovery == 12.0
    assert found.slowest == 10.0


def test_each_error_is_listed_once() -> None:
    requests = [Request(0, 3.0), Request(1, 10.0, "b"), Request(2, 1.0, "a"), Request(3, 1.0, "a")]
    assert statistics(requests, 0.0, 4.0).errors == ("a", "b")


def test_nothing_asked_is_nothing_failed() -> None:
    found = statistics([], 0.0, 1.0)
    assert (found.requests, found.failures, found.longest_gap, found.recovery) == (0, 0, 0.0, 0.0)


_marks = st.text(alphabet=".x", min_size=1, max_size=60)


@given(_marks, st.integers(0, 60))
def test_agrees_with_a_plain_reading(marks: str, broken: int) -> None:
    found = statistics(timeline(marks), broken * INTERVAL, len(marks) * INTERVAL)
    # At the beginning nothing was asked yet: what fails there is one interval less.
    runs = [len(run) + (number > 0) for number, run in enumerate(marks.split("."))]
    assert found.longest_gap == max(runs) * INTERVAL
    if marks.endswith("x"):
        assert found.recovery is None
    else:
        back = marks.rindex("x") + 1 if "x" in marks else 0
        assert found.recovery == max(back - broken, 0) * INTERVAL


_requests = st.lists(
    st.builds(Request, st.floats(0, 100), st.floats(0, 20), st.sampled_from(["", "", "no answer"])),
    min_size=1,
).map(lambda requests: sorted(requests, key=lambda request: request.start))


@given(_requests, st.data())
def test_one_more_failure_makes_nothing_better(requests: list[Request], data: st.DataObject) -> None:
    index = data.draw(st.integers(0, len(requests) - 1))
    worse = [*requests]
    worse[index] = Request(worse[index].start, worse[index].seconds, "no answer")
    before, after = (statistics(items, 50.0, 130.0) for items in (requests, worse))
    assert after.failures >= before.failures
    assert after.longest_gap >= before.longest_gap
    assert (after.recovery is None) >= (before.recovery is None)


@given(_requests)
def test_a_gap_is_no_longer_than_the_drill(requests: list[Request]) -> None:
    found = statistics(requests, 50.0, 130.0)
    assert 0 <= found.longest_gap <= 130.0
    assert found.failures == sum(request.failed for request in requests)
