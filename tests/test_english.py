"""The project speaks the field's plain English: words of a translation stay out."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

REPO = Path(__file__).resolve().parent.parent
SUFFIXES = {".py", ".md", ".yaml", ".yml", ".go", ".toml", ".sh", ".tpl", ".txt", ""}
EXCEPT = {"requirements.txt", "tests/test_english.py"}

WORDS = re.compile(
    r"""
      \banew\b | \bmend(?:s|ed|ing)?\b | \blikewise\b | \bwhatever\b | \bwhomever\b | \btold\b | \btells?\ of\b
    | \bbe\ had\b | \bby\ the\ way\b | \bis\ no\ (?:key|root|version|stack|file|part|figure|number|such\ file)\b
    | \bput(?:s)?\ away\b | \bmade\ good\b | \bcome(?:s)?\ to\ (?:it|nothing|this)\b | \bof\ the\ stack's\ own\b
    | \ba\ look\ at\b | \bthe\ look\b | \bits\ leave\b | \bhardly\b | \bthat\ it\ is\ to\b | \blets\ end\b
    | \bnobody's\ business\b | \blet\ go\ of\b | \blooked\ after\b | \bin\ its\ stead\b | \bthe\ like\b | \bhas\ to\ be\ meant\b
    | \brather\ leaves\b | \bwith\ which\ identity\b | \bfor\ who\b | \bwho\ looks\b | \bsays\ nothing\b
    """,
    re.X | re.I,
)


def files() -> list[Path]:
    listed = subprocess.run(["git", "ls-files"], cwd=REPO, capture_output=True, text=True, check=True).stdout
    names = [name for name in listed.splitlines() if Path(name).suffix in SUFFIXES and name not in EXCEPT]
    return [REPO / name for name in names if (REPO / name).is_file()]


def prose(path: Path) -> str:
    """The text of a file; of a test, whose data are often other people's words, its first docstring."""
    text = path.read_text(errors="replace")
    if path.relative_to(REPO).parts[0] == "tests":
        return text.partition("\n\n")[0]
    return text


def test_no_word_of_a_translation() -> None:
    found = [
        f"{path.relative_to(REPO)}:{number}: {line.strip()}"
        for path in files()
        for number, line in enumerate(prose(path).splitlines(), 1)
        if WORDS.search(line)
    ]
    assert found == []


@pytest.mark.parametrize(
    "sentence", ["The record is made anew.", "Mend the cause", "is no key of this program"]
)
def test_such_a_word_is_found(sentence: str) -> None:
    assert WORDS.search(sentence)
