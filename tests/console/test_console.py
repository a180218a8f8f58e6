"""The commands as a shell runs them: their reader gone, or a package missing."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import console
from tests.config import ARTICLE, REPO


def start(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, *arguments]
    env = {**os.environ, **environment}
    return subprocess.run(command, cwd=REPO, env=env, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    "arguments",
    [
        ("-m", "capacity", "report", "--imported", "40"),
        ("-m", "settings", ARTICLE),
        ("-m", "ci", "stacks", "--json"),
        ("-m", "ci", "--help"),
        ("-m", "lab", "status"),
        ("-m", "lab.cli.pks", "--help"),
        ("-m", "lab.cli.bosh", "--help"),
        ("-m", "lab.foundation.esxi", "--help"),
        ("-m", "drill", "--help"),
        ("docs/graph.py", "--help"),
        ("docs/reference.py", "--help"),
    ],
    ids=" ".join,
)
def test_a_reader_that_has_gone_is_no_traceback(arguments: tuple[str, ...], tmp_path: Path) -> None:
    """As ``| head -0`` does it."""
    reading, writing = os.pipe()
    os.close(reading)
    try:
        done = subprocess.run(
            [sys.executable, *arguments],
            cwd=REPO,
            env={**os.environ, "LAB_HOME": str(tmp_path)},
            stdin=subprocess.DEVNULL,
            stdout=writing,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    finally:
        os.close(writing)
    assert done.stderr == ""
    assert done.returncode in {console.CLOSED_PIPE, 0}  # argparse ignores it where output is not buffered


@pytest.mark.parametrize(
    ("package", "extra", "arguments"),
    [
        ("matplotlib", "report", ("-m", "capacity", "plot", "--imported", "1", "--output", "plot.svg")),
        ("rich", "report", ("-m", "drill", "--stack", "none")),
        ("yaml", "program", ("-m", "settings", ARTICLE)),
        ("yaml", "program", ("-m", "lab", "status")),
        ("yaml", "program", ("-m", "ci", "preview", "--stack", "none")),
        ("pulumi_policy", "policy", ("docs/reference.py", "--check")),
        ("pulumi_policy", "policy", ("policy/__main__.py",)),
        ("pydantic", "program", ("__main__.py",)),
        ("dns", "program", ("fleet/__main__.py",)),
    ],
)
def test_a_missing_extra_is_one_sentence(
    package: str, extra: str, arguments: tuple[str, ...], tmp_path: Path
) -> None:
    (tmp_path / "sitecustomize.py").write_text(f"import sys\nsys.modules[{package!r}] = None\n")
    done = start(*arguments, PYTHONPATH=str(tmp_path), LAB_HOME=str(tmp_path / "lab"))
    sentence = f"error: {package} is not installed. Run in the checkout: pip install -e '.[{extra}]'\n"
    assert (done.stderr, done.stdout) == (sentence, "")
    assert done.returncode != 0


def test_a_missing_module_of_the_project_is_a_defect() -> None:
    assert console.missing(ModuleNotFoundError(name="drill.nothing")) is None


def test_every_extra_is_one_of_the_project() -> None:
    text = (REPO / "pyproject.toml").read_text()
    for extra in {*console._EXTRAS.values(), console._PROGRAM}:
        assert f"\n{extra} = [" in text
