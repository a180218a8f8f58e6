"""A new environment is a new file and nothing else."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from ci.engine import Engine
from ci.problem import StepError
from ci.stacks import affected, refusal, stacks
from ci.thresholds import reserve_percent, thresholds
from tests.config import REPO

ALL = ["edge", "staging", "prod"]
FLEETS = ["fleet/emea", "fleet/prod"]


def run(directory: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """The command as a machine runs it that has Python alone: without the installed packages."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("GITHUB_")}
    return subprocess.run(
        [sys.executable, "-S", "-m", "ci", *arguments],
        cwd=directory,
        env={**clean, "PYTHONPATH": str(REPO), **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_lab_and_the_examples_are_no_environments() -> None:
    done = run(REPO, "stacks", "--json")
    assert (json.loads(done.stdout), done.stderr, done.returncode) == (["prod"], "", 0)


def test_each_file_is_a_stack_but_the_labs_and_production_comes_last() -> None:
    files = [
        "Pulumi.yaml",
        "Pulumi.prod.yaml",
        "Pulumi.lab.yaml",
        "Pulumi.staging.yaml",
        "Pulumi.edge.yaml",
        "a.yaml",
    ]
    assert stacks([*files, "Pulumi..yaml", "PulumiPolicy.yaml", "Pulumi.prod-eu.yaml"]) == [
        "edge",
        "staging",
        "prod",
        "prod-eu",
    ]


def test_fleets_come_after_the_servers() -> None:
    files = ["fleet/Pulumi.prod.yaml", "fleet/Pulumi.emea.yaml", "fleet/Pulumi.yaml", "fleet/Pulumi.lab.yaml"]
    assert stacks([*files, "Pulumi.prod.yaml", "docs/Pulumi.example.yaml"]) == [
        "prod",
        "fleet/emea",
        "fleet/prod",
    ]


def test_a_copy_of_the_template_is_accepted_and_found(tmp_path: Path) -> None:
    text = (REPO / "docs/environment.template.yaml").read_text()
    for old, new in {"edge-rancher": "berlin-rancher", "rancher.example.com": "rancher.berlin.test"}.items():
        text = text.replace(old, new)
    file = tmp_path / "Pulumi.berlin.yaml"
    file.write_text(text)
    command = [sys.executable, "-m", "settings", str(file)]
    done = subprocess.run(command, cwd=REPO, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert "clusterName: berlin-rancher" in done.stdout
    assert json.loads(run(tmp_path, "stacks", "--json").stdout) == ["berlin"]
    assert run(tmp_path, "stacks", "rome").stderr == "error: no Pulumi.rome.yaml; there are berlin\n"
    (tmp_path / "fleet").mkdir()
    (tmp_path / "fleet/Pulumi.emea.yaml").write_text("config: {}")
    assert json.loads(run(tmp_path, "stacks", "--json").stdout) == ["berlin", "fleet/emea"]
    missing = run(tmp_path, "stacks", "fleet/apac").stderr
    assert missing == "error: no fleet/Pulumi.apac.yaml; there are berlin, fleet/emea\n"


def test_without_thresholds_of_its_own_it_has_the_packs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(REPO / "policy", tmp_path / "policy")
    monkeypatch.chdir(tmp_path)
    assert Engine.of("prod").policies()[2:] == ["--policy-pack-config", "policy/config.prod.json"]
    assert Engine.of("berlin").policies() == ["--policy-pack", "policy"]
    settings = tmp_path / "Pulumi.berlin.yaml"
    assert thresholds("berlin", settings) is None
    assert reserve_percent(None, 10) == 10


@pytest.mark.parametrize(
    ("text", "reserve"),
    [
        ('{"pod-network": {"reservePercent": 25}}', 25),
        ('{"pod-network": {"reservePercent": 12.5}}', 12),
        ('{"pod-network": {"enforcementLevel": "advisory"}}', 10),
        ('{"pod-network": "advisory"}', 10),
        ('{"all": "disabled"}', 10),
        ('{"pod-network": {"reservePercent": null}}', 10),
        ("{}", 10),
        ("", 10),
    ],
)
def test_c10_every_form_of_a_policy_config_that_pulumi_accepts(
    tmp_path: Path, text: str, reserve: int
) -> None:
    file = tmp_path / "config.berlin.json"
    file.write_text(text)
    assert reserve_percent(file, 10) == reserve


@pytest.mark.parametrize("figure", ['"10"', "true", "[10]", "-1", "101", "1e300", "{}"])
def test_c10_an_odd_figure_is_one_problem(tmp_path: Path, figure: str) -> None:
    file = tmp_path / "config.berlin.json"
    file.write_text(f'{{"pod-network": {{"reservePercent": {figure}}}}}')
    with pytest.raises(StepError, match=r"reservePercent must be a number from 0 to 100 \(.+\)\. Correct it"):
        reserve_percent(file, 10)
    file.write_text("{")
    with pytest.raises(StepError, match="is not JSON"):
        reserve_percent(file, 10)


def test_a_fleet_is_judged_by_its_servers_thresholds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copytree(REPO / "policy", tmp_path / "policy")
    monkeypatch.chdir(tmp_path)
    settings = tmp_path / "fleet/Pulumi.emea.yaml"
    settings.parent.mkdir()
    for server, found in (("prod", ["--policy-pack-config", "../policy/config.prod.json"]), ("berlin", [])):
        settings.write_text(f"config: {{rancher-fleet:serverStack: company/rancher-on-pks/{server}}}")
        engine = Engine.of("fleet/emea")
        assert engine.policies() == ["--policy-pack", "../policy", *found]
    assert thresholds("fleet/emea", settings) is None


@pytest.mark.parametrize(
    ("changed", "concerned"),
    [
        (["Pulumi.staging.yaml"], ["staging"]),
        (["Pulumi.staging.yaml", "docs/dns.md", "README.md"], ["staging"]),
        (["policy/config.prod.json"], ["prod"]),
        (
            [
                "docs/dns.md",
                "tests/test_main.py",
                "lab/build.py",
                ".github/workflows/ci.yml",
                "Pulumi.lab.yaml",
            ],
            [],
        ),
        (["Pulumi.yaml"], ALL),
        (["policy/trust.py"], ALL),
        (["components/pks/cluster.py", "Pulumi.edge.yaml"], ALL),
        (["requirements.txt"], ALL),
        (["certs/berlin.pem"], ALL),  # what nobody knows concerns everything
        (["Pulumi.gone.yaml"], []),
        ([], []),
    ],
)
def test_what_a_change_concerns(changed: list[str], concerned: list[str]) -> None:
    assert affected(ALL, changed) == concerned


@pytest.mark.parametrize(
    ("changed", "concerned"),
    [
        (["fleet/Pulumi.emea.yaml"], ["fleet/emea"]),
        (["Pulumi.prod.yaml"], ["prod"]),
        (["fleet/sites.yaml"], FLEETS),  # whose sites they are, only the program knows
        (["fleet/registration.py"], FLEETS),
        (["policy/config.prod.json"], ["prod", *FLEETS]),
        (["rancher_on_pks/outputs.py"], [*ALL, *FLEETS]),
        (["docs/fleet.md", "tests/fleet/test_sites.py", "fleet/Pulumi.gone.yaml"], []),
    ],
)
def test_what_a_change_concerns_of_the_fleets(changed: list[str], concerned: list[str]) -> None:
    assert affected([*ALL, *FLEETS], changed) == concerned


def test_a_change_is_what_git_says(tmp_path: Path) -> None:
    def git(*arguments: str) -> None:
        identity = ["-c", "user.name=test", "-c", "user.email=test@example.com"]
        subprocess.run(["git", *identity, *arguments], cwd=tmp_path, check=True, capture_output=True)

    git("init", "-q")
    for name in ("Pulumi.edge.yaml", "Pulumi.prod.yaml"):
        (tmp_path / name).write_text("config: {}")
        git("add", name)
        git("commit", "-qm", name)
    assert run(tmp_path, "stacks", "--base", "HEAD^").stdout == "prod\n"
    unknown = run(tmp_path, "stacks", "--base", "v1")
    assert unknown.returncode == 1
    assert "Was that revision fetched?" in unknown.stderr


def test_only_stacks_that_a_preview_would_change_are_deployed(tmp_path: Path) -> None:
    results = {
        "edge": {"changes": True, "refused": False},
        "staging": {"changes": False, "refused": False},
        "prod": {"changes": True, "refused": True},
    }
    for stack, result in results.items():
        (tmp_path / f"Pulumi.{stack}.yaml").write_text("config: {}")
        directory = tmp_path / "previews" / f"preview-{stack}"
        directory.mkdir(parents=True)
        (directory / "result.json").write_text(json.dumps({"stack": stack, **result}))
    assert json.loads(run(tmp_path, "stacks", "--json", "--with-changes", "previews").stdout) == ["edge"]


def request(source: str | None) -> dict[str, Any]:
    head = {"repo": None if source is None else {"full_name": source}}
    return {"pull_request": {"head": head, "base": {"repo": {"full_name": "company/rancher"}}}}


@pytest.mark.parametrize("source", ["somebody/rancher", None])
def test_a_fork_is_refused_with_an_explanation(source: str | None, tmp_path: Path) -> None:
    event = tmp_path / "event.json"
    event.write_text(json.dumps(request(source)))
    done = run(REPO, "stacks", "--json", GITHUB_EVENT_PATH=str(event), GITHUB_ACTIONS="true")
    assert done.returncode == 1
    assert done.stdout == ""
    assert "\n::error::this pull request comes from " in done.stderr
    assert "credentials" in done.stderr
    assert "pushes it to a branch of company/rancher" in done.stderr


def test_what_is_no_fork_is_not_refused() -> None:
    assert refusal(request("company/rancher")) is None
    assert refusal({"ref": "refs/heads/main"}) is None
