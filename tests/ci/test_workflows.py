"""The workflows keep to the rules: least rights, pinned actions, no script of their own. The lint works."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from components.dns.credentials import TSIG
from components.pks.credentials import PKS
from components.placement.credentials import BOSH, VSPHERE
from lab.recipes import ENGINE
from tests.config import REPO

GITHUB = REPO / ".github"
FILES = sorted((GITHUB / "workflows").glob("*.yml"))
ACTION = GITHUB / "actions/setup/action.yml"
NSX = {"NSXT_MANAGER", "NSXT_USERNAME", "NSXT_PASSWORD", "NSXT_CA_FILE"}
SECRET = re.compile(r"PASSWORD|SECRET|PASSPHRASE|TOKEN")


def load(file: Path) -> Any:
    return yaml.safe_load(file.read_text())


def jobs() -> Iterator[tuple[str, dict[str, Any]]]:
    for file in FILES:
        for name, job in load(file)["jobs"].items():
            yield f"{file.stem}.{name}", job


def steps() -> Iterator[tuple[str, dict[str, Any]]]:
    for name, job in jobs():
        yield from ((name, step) for step in job["steps"])
    yield from (("setup", step) for step in load(ACTION)["runs"]["steps"])


def test_there_are_these_workflows() -> None:
    assert [file.stem for file in FILES] == ["audit", "ci", "deploy", "drift", "preview"]


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_workflow_begins_without_rights_and_never_runs_for_a_fork_with_secrets(file: Path) -> None:
    workflow = load(file)
    assert workflow["permissions"] == {}
    assert "pull_request_target" not in file.read_text()


def test_only_what_writes_may_write() -> None:
    writing = {
        name: right
        for name, job in jobs()
        for right, level in job.get("permissions", {}).items()
        if level != "read"
    }
    assert writing == {"preview.comment": "pull-requests", "drift.issue": "issues"}


def test_who_may_write_gets_no_credentials_and_who_gets_some_may_not_write() -> None:
    for name, job in jobs():
        if "environment" in job:
            assert job["permissions"] == {"contents": "read"}, name
        else:
            assert "secrets." not in str(job), name


def test_each_action_is_pinned_by_its_commit_and_tells_its_version() -> None:
    for file in (*FILES, ACTION):
        for line in file.read_text().splitlines():
            if "uses:" in line and "./" not in line:
                assert re.search(r"uses: [\w-]+/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$", line), line


def test_the_same_action_is_the_same_everywhere() -> None:
    used = {step["uses"] for _, step in steps() if "uses" in step}
    assert len(used) == len({name.partition("@")[0] for name in used})


def test_no_checkout_leaves_the_token_behind() -> None:
    for name, step in steps():
        if step.get("uses", "").startswith("actions/checkout@"):
            assert step["with"]["persist-credentials"] is False, name


def test_what_runs_is_one_line_that_a_person_can_run_too() -> None:
    for name, step in steps():
        if "run" in step:
            assert "\n" not in step["run"], name
            assert "${{" not in step["run"], name


def test_each_variable_that_the_program_reads_is_given_wherever_a_stack_is_touched() -> None:
    known = {field.variable for system in (PKS, TSIG, VSPHERE, BOSH) for field in system.fields} | {*NSX}
    known |= {
        "PULUMI_BACKEND_URL",
        "PULUMI_ACCESS_TOKEN",
        "PULUMI_CONFIG_PASSPHRASE",
    }
    known.add("SSL_CERT_DIR")  # for the vSphere plugin
    touching = [
        step["env"]
        for _, step in steps()
        if "-m ci" in step.get("run", "") and "STACK" in step.get("env", {})
    ]
    assert len(touching) == 4  # preview; preview and deployment; drift
    for given in touching:
        assert given.keys() - {"STACK", "DESTROY", "RECLAIM"} == known
        for name in known:
            assert given[name] == f"${{{{ {'secrets' if SECRET.search(name) else 'vars'}.{name} }}}}"


def test_the_engine_is_the_one_that_the_tests_run_with() -> None:
    [version] = re.findall(rf"{re.escape(ENGINE.release)} v(\S+)", (ENGINE.module / "go.mod").read_text())
    [given] = [
        step["with"]["pulumi-version"] for _, step in steps() if "pulumi/actions@" in step.get("uses", "")
    ]
    assert given == version


def test_deployments_go_one_by_one_and_are_never_cut_off() -> None:
    job = load(GITHUB / "workflows/deploy.yml")["jobs"]["deploy"]
    assert job["strategy"]["max-parallel"] == 1
    assert job["concurrency"] == {"group": "deploy", "cancel-in-progress": False}
    assert job["environment"] == "${{ matrix.stack }}"


def test_what_writes_to_a_stack_runs_main_in_an_environment_of_its_own() -> None:
    """A preview's environment is open to every branch, and reads only."""
    found = {name: job["environment"] for name, job in jobs() if "environment" in job}
    assert found == {
        "preview.preview": "${{ matrix.stack }}-preview",
        "deploy.preview": "${{ matrix.stack }}-preview",
        "deploy.deploy": "${{ matrix.stack }}",
        "drift.drift": "${{ matrix.stack }}-nightly",
    }
    for workflow in ("deploy", "drift"):
        job = load(GITHUB / f"workflows/{workflow}.yml")["jobs"]["stacks"]
        assert job["if"] == "github.ref == 'refs/heads/main'"


GOOD = """
name: Trial
on: push
permissions: {}
jobs:
  trial:
    name: Trial
    runs-on: ubuntu-24.04
    permissions:
      contents: read
    steps:
      - uses: actions/checkout@3d3c42e5aac5ba805825da76410c181273ba90b1 # v7.0.1
        with:
          persist-credentials: false
      - run: make test
"""


def lint(directory: Path, workflow: str) -> tuple[int, str]:
    """The lint of `make test`, on a workflow of its own."""
    file = directory / ".github/workflows/trial.yml"
    file.parent.mkdir(parents=True)
    file.write_text(workflow)
    command = ["make", "--no-print-directory", "lint-workflows", f"GITHUB={directory}/.github"]
    done = subprocess.run(command, cwd=REPO, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


def test_the_lint_passes_a_good_workflow(tmp_path: Path) -> None:
    code, told = lint(tmp_path, GOOD)
    assert code == 0, told


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("runs-on: ubuntu-24.04", "runs-on: ubuntu-1.0", 'label "ubuntu-1.0" is unknown'),
        ("make test", "echo ${{ github.sah }}", 'property "sah" is not defined'),
        ("    steps:", "    step:", 'unexpected key "step"'),
        ("persist-credentials: false", "fetch-depth: 1", "artipacked"),
        ("@3d3c42e5aac5ba805825da76410c181273ba90b1 # v7.0.1", "@v7", "unpinned-uses"),
        ("make test", "echo ${{ github.ref_name }}", "template-injection"),
        ("on: push", "on: pull_request_target", "dangerous-triggers"),
        ("permissions:\n      contents: read", "permissions: write-all", "excessive-permissions"),
    ],
)
def test_the_lint_refuses_a_bad_one(tmp_path: Path, old: str, new: str, told: str) -> None:
    assert old in GOOD
    code, output = lint(tmp_path, GOOD.replace(old, new, 1))
    assert code != 0
    assert told in output


def test_dependabot_knows_every_lock() -> None:
    updates = load(GITHUB / "dependabot.yml")["updates"]
    watched = {entry["package-ecosystem"]: entry["directories"] for entry in updates}
    locks = {"gomod": "go.mod", "pip": "requirements.txt"}
    listed = subprocess.run(["git", "ls-files"], cwd=REPO, capture_output=True, text=True, check=True).stdout
    for ecosystem, name in locks.items():
        folders = {Path("/", file).parent for file in listed.splitlines() if Path(file).name == name}
        assert folders
        for folder in folders:
            assert any(folder.match(pattern) for pattern in watched[ecosystem]), folder
    assert watched["github-actions"] == ["/", "/.github/actions/setup"]


def test_the_audit_looks_at_both_languages_and_keeps_the_bill_of_materials() -> None:
    commands = [step["run"] for name, step in steps() if name == "audit.audit" and "run" in step]
    assert commands == ["make sbom", "make audit"]
    makefile = (REPO / "Makefile").read_text()
    assert "pip-audit --strict --require-hashes" in makefile
    assert "govulncheck -C" in makefile
