"""The steps of the workflows on a stack of the fleet, through the real engine."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bench.standalone import Standalone
from tests.fleet.standalone import sites
from tests.workflow_step import run_step

pytestmark = pytest.mark.lab


def preview(fleet: Standalone, directory: Path, stack: str = "fleet/server") -> tuple[int, str, object]:
    """Exit code, comment and result of the workflow's step."""
    output = ["--output", str(directory)]
    code, _ = run_step("preview", stack, fleet.settings, *output, environment=fleet.environment)
    result = json.loads((directory / "result.json").read_text())
    return code, (directory / "comment.md").read_text(), result


def test_the_comment_on_new_sites(fleet: Standalone, tmp_path: Path) -> None:
    fleet.sites(sites(40))
    code, comment, result = preview(fleet, tmp_path)
    assert (code, result) == (0, {"stack": "fleet/server", "changes": True, "refused": False}), comment
    assert "### Preview of `fleet/server`: can be deployed" in comment
    assert "| `site-039` | `pulumi-python:fleet:Site` | create |" in comment
    assert "Imported clusters: 40 planned, 52 fit." in comment
    assert "as the server's stack says" in comment
    assert "the-secret-of-the-token" not in comment


def test_a_site_too_many_is_refused_with_the_figures(fleet: Standalone, tmp_path: Path) -> None:
    fleet.sites(sites(53))
    code, comment, _ = preview(fleet, tmp_path)
    assert code == 1
    assert "### Preview of `fleet/server`: refused by a policy" in comment
    assert "the plan with 53 imported clusters takes" in comment


def test_a_missing_stack_is_reported(fleet: Standalone, tmp_path: Path) -> None:
    code, comment, _ = preview(fleet, tmp_path, "fleet/apac")
    assert code == 1
    assert "### Preview of `fleet/apac`: failed" in comment
    assert "pulumi -C fleet stack init apac" in comment


def test_a_file_that_cannot_be_read_is_reported(fleet: Standalone, tmp_path: Path) -> None:
    good = fleet.settings.read_text()
    fleet.settings.write_text("config: {rancher-fleet:serverStack: [")
    try:
        code, comment, _ = preview(fleet, tmp_path)
    finally:
        fleet.settings.write_text(good)
    assert code == 1
    assert "### Preview of `fleet/server`: failed" in comment
    assert "Pulumi.server.yaml: `pulumi config " in comment
