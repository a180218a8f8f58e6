"""``python -m capacity`` as a planner runs it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.test_settings import REPO


def _run(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "capacity", *arguments]
    return subprocess.run(command, cwd=REPO, capture_output=True, text=True, check=False)


def test_advice_before_there_is_any_stack() -> None:
    done = _run("advise", "--clusters", "300", "--block", "172.16.0.0/16")
    assert done.returncode == 1
    assert "300 imported clusters need 1220 of 256 pod subnets." in done.stdout
    assert "pod_subnet_prefix: 27" in done.stdout
    assert _run("advise", "--clusters", "300", "--prefix", "27").stdout.endswith("nothing has to change.\n")


def test_a_report_of_a_stacks_file_in_each_form() -> None:
    table = _run("report", "--stack-file", "Pulumi.prod.yaml")
    assert table.returncode == 0, table.stderr
    assert "59 imported clusters fit; number 60 runs out of pod subnets." in table.stdout
    markdown = _run("report", "--stack-file", "Pulumi.prod.yaml", "--format", "markdown").stdout
    assert "| pod subnets | 256 | 0 | 180 | 76 | 70% | 19 |" in markdown
    document = json.loads(_run("report", "--stack-file", "Pulumi.prod.yaml", "--format", "json").stdout)
    assert (document["fits"], document["maxImportedClusters"], document["firstLimit"]) == (
        True,
        59,
        "pod subnets",
    )


def test_flags_win_over_the_file() -> None:
    done = _run("report", "--stack-file", "Pulumi.prod.yaml", "--imported", "60", "--rancher-version", "2.8")
    assert done.returncode == 1
    assert "4 pod subnets are missing for the plan." in done.stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--block", "172.16.0.0/26"], "smaller than one subnet"),
        (["--used", "300"], "300 are said to be used"),
        (["--imported", "-1"], "importedClusters is -1"),
        (["--rancher-version", "1.6"], "nothing is known of its namespaces"),
        (["--stack-file", "missing.yaml"], "missing.yaml"),
    ],
)
def test_bad_figures_are_one_message(arguments: list[str], message: str) -> None:
    done = _run("report", *arguments)
    assert done.returncode == 2
    assert done.stderr.startswith("error: ")
    assert done.stderr.count("\n") == 1
    assert message in done.stderr


def test_pictures(tmp_path: Path) -> None:
    svg, png = tmp_path / "plan.svg", tmp_path / "plan.png"
    done = _run("plot", "--imported", "300", "--output", str(svg), "--output", str(png))
    assert done.returncode == 0, done.stderr
    text = svg.read_text()
    assert "<svg" in text
    for prefix, most in ((24, 59), (25, 123), (26, 251), (27, 507)):
        assert f"/{prefix}: {2 ** (prefix - 16)} subnets, {most} clusters" in text
    assert "plan: 300" in text
    assert png.read_bytes().startswith(b"\x89PNG")


def test_the_model_loads_without_the_reports_libraries() -> None:
    heavy = {"rich", "matplotlib", "httpx", "pydantic"}
    script = f"import capacity.advice, capacity.figures, sys; print({heavy} & set(sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=REPO, capture_output=True, text=True, check=True
    )
    assert done.stdout == "set()\n"
