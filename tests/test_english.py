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
    "|".join(
        [
            r"\banew\b",
            r"\bmend(?:s|ed|ing)?\b",
            r"\blikewise\b",
            r"\bwhat(?:ever|so)\b",
            r"\btold\b",
            r"\btells? of\b",
            r"\bbe had\b",
            r"\bby the way\b",
            r"\bis no (?:key|root|version|stack|file|part|figure|number)\b",
            r"\bputs? away\b",
            r"\bmade good\b",
            r"\bcomes? to (?:it|nothing|this)\b",
            r"\b(?:a|the) look\b(?! like)",
            r"\bits leave\b",
            r"\bhardly\b",
            r"\blets end\b",
            r"\bnobody's business\b",
            r"\blet go of\b",
            r"\blooked after\b",
            r"\bin its stead\b",
            r"\bhas to be meant\b",
            r"\brather leaves\b",
            r"\bwith which identity\b",
            r"\bwho looks\b",
            r"\bsays nothing\b",
            r"\bthe outer ones\b",
            r"\bbelieved\b",
        ]
    ),
    re.I,
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
