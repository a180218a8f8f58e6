"""A subset of ``python -m tests.fuzz``, and a proof that it sees what is wrong."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from tests.config import REPO
from tests.fuzz.running import MOST_MEBIBYTES, Target, run
from tests.fuzz.targets import TARGETS


@pytest.mark.parametrize("name", TARGETS)
def test_hostile_input_is_read_or_refused_with_one_clear_error(name: str) -> None:
    result = run(TARGETS[name], seed=20261127, first=0, count=60)
    assert result.failures == []
    assert result.read + result.refused == 60


@pytest.mark.parametrize("name", TARGETS)
def test_what_a_parser_normally_reads_is_among_the_inputs(name: str) -> None:
    """Else every input would be refused at the first check, and the rest of the parser never seen."""
    assert run(TARGETS[name], seed=1, first=0, count=200).read, "nothing is read"


def test_an_input_is_always_the_same() -> None:
    target = TARGETS["pks JSON"]
    assert target.input(7, 3) == target.input(7, 3) != target.input(7, 4)


def _fails(kind: str) -> str:
    class _UnclearError(Exception):
        pass

    def read(_: object) -> None:
        raise {"crash": KeyError("x"), "empty": _UnclearError(""), "half": _UnclearError("\ud800")}[kind]

    target = Target(kind, (b"x",), lambda _, sample: sample, read, (_UnclearError,))
    [(number, text)] = run(target, 1, 5, 1).failures
    assert number == 5
    return text


def test_a_crash_and_an_unclear_error_are_seen() -> None:
    assert _fails("crash").startswith("KeyError:")
    assert _fails("empty") == "_UnclearError without a text"
    assert "cannot be printed" in _fails("half")


def test_a_parser_runs_in_a_process_whose_memory_is_measured() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.fuzz", "--only", "chart documents", "--count", "20"],
        cwd=REPO,
        capture_output=True,
        text=True,
        check=True,
    )
    assert 20 < json.loads(done.stdout)["mebibytes"] <= MOST_MEBIBYTES
