"""The program's verdicts beside those of Go and OpenSSL, on the field's cases and on random chains."""

from __future__ import annotations

import dataclasses
import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from bench import chains, judges
from bench.certificates import REJECTED, compare
from bench.judges import Go
from lab.build import build
from lab.layout import REPO
from lab.recipes import CERTJUDGE
from tests.certificates import field_cases
from tests.certificates.field_cases import Case

pytestmark = pytest.mark.lab
CHAINS = 300


@pytest.fixture(scope="module")
def go() -> Iterator[Go]:
    with Go(build(recipes=[CERTJUDGE]).places[CERTJUDGE] / "certjudge") as judge:
        yield judge


@pytest.mark.parametrize("case", field_cases.CASES, ids=str)
def test_the_judges_say_what_the_cases_say(go: Go, case: Case) -> None:
    files = chains.build(case.plan)
    assert bool(go.refusal(files)) is case.go, go.refusal(files)
    if case.plan.get("noKey"):
        assert judges.command_line_refusal(files) == ""
    else:
        assert bool(judges.openssl_refusal(files)) is case.openssl, judges.openssl_refusal(files)
        assert bool(judges.s_client_refusal(files)) is case.openssl, judges.s_client_refusal(files)


def test_random_chains(go: Go) -> None:
    failed = []
    for number in range(CHAINS):
        plan = chains.draw(random.Random(number))  # noqa: S311
        outcome = compare(plan, go, command_line=number % 7 == 0)
        if outcome.fails:
            failed.append((number, outcome))
    assert failed == []


def test_the_commands_see_what_the_program_accepts_and_leave_nothing(
    go: Go, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A difference between OpenSSL in memory and ``s_server`` with ``s_client`` is reported; no key stays."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    plan = field_cases.plan()
    assert compare(plan, go, command_line=True).kind == "accepted"
    refused = judges.s_client_refusal(dataclasses.replace(chains.build(plan), hostname="other.example.com"))
    assert refused == "hostname mismatch"
    assert judges.s_client_refusal(dataclasses.replace(chains.build(plan), key=b"none")).startswith(
        "loading: "
    )
    assert list(tmp_path.iterdir()) == []
    monkeypatch.setattr(judges, "s_client_refusal", lambda _: "certificate has expired")
    assert compare(plan, go, command_line=True).kind == "OpenSSL differs from s_client"


def test_a_planted_mistake_is_found(go: Go, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a rule there are false accepts, and a plan shrinks to its cause."""
    monkeypatch.setattr("domain.certificates.rules.check_encoding", lambda _certificate: ())
    plan = field_cases.plan(
        server={"serial": "negative", "names": [f"dns:{chains.HOST}", "dns:a.example.com"]}
    )
    monkeypatch.setattr("domain.certificates.verdict.ask_verifier", lambda *_: "")
    assert compare(plan, go).kind == "false accept"
    small = chains.shrink(plan, lambda candidate: compare(candidate, go).kind == "false accept")
    assert small["certificates"]["server"]["serial"] == "negative"
    assert "usage" not in small["certificates"]["server"]


def test_the_documentation_names_every_kind_of_false_reject() -> None:
    text = Path(REPO / "docs" / "certificates.md").read_text()
    assert [kind for kind in REJECTED if f"| {kind} |" not in text] == []
