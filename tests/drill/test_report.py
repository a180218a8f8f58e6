"""The table of results."""

from __future__ import annotations

from collections import Counter

from drill.report import as_table, document
from drill.runner import Limits, Result
from drill.statistics import Statistics

GOOD = Statistics(requests=12345, failures=0, longest_gap=123.4, recovery=123.4, slowest=12.3)
LONG = "vm-0b7b5b8e-3c4d-4a5b-8c9d-1234567890ab"


def result(target: str, *failures: str) -> Result:
    bad = Statistics(12345, 1234, 123.4, None, 12.3, ("no answer",))
    down = Counter({"master": 3, "worker": 12})
    return Result("worker", target, down, bad, GOOD, None, (), failures)


def test_the_table_fits_100_columns() -> None:
    text = as_table([result(LONG), result("a" * 200, "Rancher did not recover: no answer")], Limits())
    table, _, notes = text.partition("\n\n")
    lines = table.splitlines()
    assert max(map(len, lines)) <= 100
    for word in ("1234/12345", "never", "123.4 s", "3 masters", "12 workers", "FAILED", "passed"):
        assert word in table
    start, end = lines[1].index("target"), lines[1].index("down")
    assert "".join(line[start:end].strip() for line in lines[3:]) == LONG + "a" * 200
    assert notes.startswith("worker " + "a" * 200 + ": Rancher did not recover")


def test_a_name_is_never_markup() -> None:
    assert "esx[1]" in as_table([result("esx[1]")], Limits())


def test_the_document_has_times_in_seconds() -> None:
    [drill] = document([result(LONG)], Limits())["drills"]
    assert (drill["target"], drill["repairedAfterSeconds"]) == (LONG, None)
    assert drill["rancher"]["recoveredAfterSeconds"] is None
