"""The steps of the workflows on a stack of the fleet, through the real engine."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from lab.layout import REPO
from lab.standalone import Standalone
from tests.fleet.test_program import OUTPUTS, sites

pytestmark = pytest.mark.lab


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Standalone:
    made = Standalone(tmp_path_factory.mktemp("standalone"))
    made.serve(**OUTPUTS)
    return made


def preview(fleet: Standalone, directory: Path, stack: str = "fleet/fleet") -> tuple[int, str, object]:
    """Exit code, comment and result of the workflow's step."""
    command = [sys.executable, "-m", "ci", "preview", "--stack", stack]
    done = subprocess.run(
        [*command, "--output", str(directory), "--config-file", str(fleet.settings)],
        cwd=REPO,
        env=fleet.environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert "Traceback" not in done.stdout, done.stdout
    result = json.loads((directory / "result.json").read_text())
    return done.returncode, (directory / "comment.md").read_text(), result


def test_the_comment_on_new_sites(fleet: Standalone, tmp_path: Path) -> None:
    fleet.sites(sites(40))
    code, comment, result = preview(fleet, tmp_path)
    assert (code, result) == (0, {"stack": "fleet/fleet", "changes": True, "refused": False}), comment
    assert "### Preview of `fleet/fleet`: can be deployed" in comment
    assert "| `site-039` | `pulumi-python:fleet:Site` | create |" in comment
    assert "Imported clusters: 40 planned, 52 fit." in comment
    assert "as the server's stack says" in comment
    assert "the-secret-of-the-token" not in comment


def test_a_site_too_many_is_refused_with_the_figures(fleet: Standalone, tmp_path: Path) -> None:
    fleet.sites(sites(53))
    code, comment, _ = preview(fleet, tmp_path)
    assert code == 1
    assert "### Preview of `fleet/fleet`: refused by a policy" in comment
    assert "the plan with 53 imported clusters takes" in comment


def test_a_stack_that_is_not_there_is_told(fleet: Standalone, tmp_path: Path) -> None:
    code, comment, _ = preview(fleet, tmp_path, "fleet/apac")
    assert code == 1
    assert "### Preview of `fleet/apac`: failed" in comment
    assert "Make it there: pulumi -C fleet stack init apac" in comment
