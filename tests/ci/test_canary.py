"""A canary in everything that the engine prints: no step publishes it, and this test finds one that does."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from ci import run
from domain.redaction import MASK, Redactor
from tests.ci.logs import CLUSTER, diagnostic, log, step, summary, violation
from tests.domain.test_redaction import ENCODINGS, left

CANARIES = [
    "Correct&horse|<battery>@staple'9",
    'quo"ted\\and $ecret #1',
    "two lines of one\nsecret, the 2nd",
    "x" * 1_990 + "cut-at-2000-characters",
]
FAKE = """\
import json, os, sys
arguments = sys.argv[1:]
here = os.path.dirname(os.path.abspath(__file__))
if arguments[:2] == ["stack", "ls"]:
    print(json.dumps([{"name": "organization/rancher-on-pks/prod"}]))
elif arguments[0] == "config":
    print(open(os.path.join(here, "config.json")).read())
elif arguments[:3] == ["policy", "analyze", "--help"]:
    print("--policy-pack-config")
elif arguments[0] == "policy":
    print(open(os.path.join(here, "events.jsonl")).read())
    sys.exit(255)
else:
    with open(arguments[arguments.index("--event-log") + 1], "w") as file:
        file.write(open(os.path.join(here, "events.jsonl")).read())
    print(open(os.path.join(here, "output.txt")).read(), end="")
    sys.exit(255)
"""


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A checkout, and a ``pulumi`` that prints the canaries in every place and encoding."""
    tools, place = tmp_path / "tools", tmp_path / "checkout"
    tools.mkdir()
    place.mkdir()
    (place / "Pulumi.prod.yaml").write_text("config: {rancher-on-pks:plan: rancher}\n")
    (tools / "fake.py").write_text(FAKE)
    (tools / "pulumi").write_text(f'#!/bin/sh\nexec {sys.executable} {tools}/fake.py "$@"\n')
    (tools / "pulumi").chmod(0o755)
    config = {f"rancher-on-pks:s{at}": {"secret": True, "value": text} for at, text in enumerate(CANARIES)}
    (tools / "config.json").write_text(json.dumps(config))
    texts = [encode(canary) for canary in CANARIES for encode in ENCODINGS.values()]
    events = [
        *(diagnostic("error", f"x{text}") for text in texts),
        *(diagnostic("warning", f"{'long ' * 390}{text}") for text in texts),
        *(violation(text) for text in texts),
        *(
            step("update", CLUSTER, f"c{at}", {"a": 1, "b": text}, {"a": text, "b": 2})
            for at, text in enumerate(texts)
        ),
        summary(update=1),
    ]
    (tools / "events.jsonl").write_text("\n".join(log(*events)))
    (tools / "output.txt").write_text("".join(f"  ~ {text}\n" for text in texts))
    monkeypatch.chdir(place)
    monkeypatch.setenv("PATH", f"{tools}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path / "summary.md"))
    yield place


def published(place: Path, capsys: pytest.CaptureFixture[str]) -> dict[str, str]:
    """Everything that the steps print, write and hand over."""
    run.preview("prod", directory=place / "out", settings=None, base=None, allowed=False)
    run.check_drift("prod", directory=place / "out", settings=None, least_percent=5)
    files = [*(place / "out").iterdir(), place.parent / "summary.md"]
    return {"the log": capsys.readouterr().out, **{file.name: file.read_text() for file in files}}


def leaks(texts: dict[str, str]) -> list[str]:
    return [name for name, text in texts.items() if any(left(canary, text) for canary in CANARIES[:3])]


def test_c1_no_canary_is_published(checkout: Path, capsys: pytest.CaptureFixture[str]) -> None:
    texts = published(checkout, capsys)
    assert set(texts) >= {"the log", "comment.md", "drift.md", "events.jsonl", "result.json", "summary.md"}
    assert leaks(texts) == []
    assert [name for name, text in texts.items() if "cut-at" in text or "x" * 60 in text] == []
    assert all(MASK in texts[name] for name in ("the log", "comment.md", "drift.md", "events.jsonl"))
    assert [json.loads(line) for line in texts["events.jsonl"].splitlines()], "they are still events"


@pytest.mark.parametrize("path", ["lines", "document"])
def test_c1_a_path_without_a_mask_is_found(
    checkout: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    monkeypatch.setattr(Redactor, path, lambda _self, value: value)
    assert leaks(published(checkout, capsys)) != []
