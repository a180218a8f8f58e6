"""The steps of the workflows, run as a workflow runs them, on real stacks of the lab."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from ci.comment import LIMIT, marker
from lab.engine import Engine
from lab.layout import REPO
from tests.lab.conftest import Site, pks
from tests.workflow_step import run_step

pytestmark = pytest.mark.lab

PASSWORD = "Correct-horse-7-battery"


@dataclass(frozen=True)
class Workflow:
    """A stack, its file in a repository of its own, and where the steps write to."""

    engine: Engine
    settings: Path
    output: Path

    def run(self, step: str, *arguments: str, **environment: str) -> tuple[int, str]:
        """Run a step; returns its exit code and what it printed."""
        variables = {**self.engine.process_environment(), **environment}
        return run_step(step, self.engine.stack, self.settings, *arguments, environment=variables)

    def preview(self, *arguments: str, **environment: str) -> tuple[int, str]:
        """Run the preview against what is committed; returns its exit code and the comment."""
        output = ["--output", str(self.output)]
        code, _ = self.run("preview", "--base", "HEAD", *output, *arguments, **environment)
        return code, (self.output / "comment.md").read_text()

    def look(self, *arguments: str) -> tuple[int, str]:
        code, _ = self.run("drift", "--output", str(self.output), *arguments)
        return code, (self.output / "drift.md").read_text()

    def change(self, **changes: object) -> None:
        """Change keys of the file as it is committed."""
        self.git("checkout", "--", ".")
        document = yaml.safe_load(self.settings.read_text())
        document["config"] |= {f"rancher-on-pks:{key}": value for key, value in changes.items()}
        self.settings.write_text(yaml.safe_dump(document))

    def git(self, *arguments: str) -> None:
        identity = ["-c", "user.name=test", "-c", "user.email=test@example.com"]
        subprocess.run(
            ["git", *identity, *arguments], cwd=self.settings.parent, check=True, capture_output=True
        )

    def state(self) -> bytes:
        stacks = self.engine.lab.home / "state/.pulumi/stacks/rancher-on-pks"
        return (stacks / f"{self.engine.stack}.json").read_bytes()


def workflow(site: Site, stack: str, directory: Path, **changes: object) -> Workflow:
    """The lab's settings as those of a stack, committed."""
    file = directory / f"Pulumi.{stack}.yaml"
    file.write_text(site.engine.config_file.read_text())
    made = Workflow(Engine(site.lab, site.engine.tools, stack), file, directory / "output")
    made.git("init", "-q")
    made.git("add", file.name)
    made.git("commit", "-qm", "first")
    made.change(**changes)
    made.git("commit", "-qam", "base", "--allow-empty")
    return made


@pytest.fixture(scope="module")
def prod(site: Site, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workflow]:
    """A stack ``prod`` that is deployed: the lab's, under its name and with production's thresholds."""
    made = workflow(site, "prod", tmp_path_factory.mktemp("prod"), protectCluster=True)
    site.lab.path("Pulumi.prod.yaml").write_text(made.settings.read_text())
    made.engine.ensure_stack()
    exported: Any = site.engine.json("stack", "export")
    for item in exported["deployment"]["resources"]:
        if item["urn"].endswith(("::rancher-cluster", "::protectCluster")):
            item["protect"] = True  # as its settings want it
    state = json.dumps(exported)
    for old, new in (
        ("urn:pulumi:lab::", "urn:pulumi:prod::"),
        ("rancher-on-pks-lab", "rancher-on-pks-prod"),
    ):
        state = state.replace(old, new)
    copy = made.settings.with_name("state.json")
    copy.write_text(state)
    made.engine.run("stack", "import", "--file", str(copy))
    made.engine.run("config", "set", "--secret", "pksPassword", PASSWORD)
    made.settings.write_text(made.engine.config_file.read_text())
    made.git("commit", "-qam", "a secret")
    yield made
    made.engine.run("stack", "rm", "--yes", "--force", "--preserve-config")


def secrets(site: Site) -> list[str]:
    """Everything that nobody may read in a comment."""
    credentials = json.loads(site.lab.credentials.read_text())
    given = [text for system in credentials.values() for text in system.values() if len(text) > 20]
    outputs = site.engine.outputs()
    return [PASSWORD, *given, str(outputs["rancherPassword"]), str(outputs["rancherToken"]), "PRIVATE KEY"]


def test_a_reviewer_sees_what_a_changed_file_does(site: Site, prod: Workflow) -> None:
    leak = {"extraEnv": [{"name": "NOTE", "value": f"pks says {PASSWORD}"}]}
    prod.change(plannedImportedClusters="50", workers="4", rancherValues=leak)
    code, comment = prod.preview(GITHUB_RUN_ID="7", GITHUB_SHA="0" * 40, **links())
    assert code == 0, comment
    assert comment.startswith(f"{marker('prod')}\n### Preview of `prod`: can be deployed")
    assert "`rancher-cluster` | `pulumi-python:pks:Cluster` | update | `workers`: `3` → `4`" in comment
    assert "`figures.demands[0].importedClusters`: `40` → `50`" in comment
    assert "`rancher-server-release` | `kubernetes:helm.sh/v3:Release` | update |" in comment
    assert "| pod subnets | 256 | 0 | 183 → **223** | 48 → **8** |" in comment
    assert "as NSX-T reports it now" in comment
    assert "pks says [secret]" in comment
    assert [secret for secret in secrets(site) if secret in comment] == []
    events = (prod.output / "events.jsonl").read_text()
    assert [secret for secret in secrets(site) if secret in events] == []
    assert "Commit 000000000000, [log](https://github.test/company/rancher/actions/runs/7)" in comment
    assert len(comment) < LIMIT
    assert json.loads((prod.output / "result.json").read_text())["changes"] is True


def links() -> dict[str, str]:
    return {"GITHUB_SERVER_URL": "https://github.test", "GITHUB_REPOSITORY": "company/rancher"}


def test_the_comment_has_the_figures_of_a_refusal(prod: Workflow) -> None:
    prod.change(plannedImportedClusters="60")
    code, comment = prod.preview()
    assert code == 1
    assert "Preview of `prod`: refused by a policy" in comment
    assert "52 imported clusters fit" in comment
    assert "| 48 → **-32** |" in comment


def test_destruction_needs_approval(prod: Workflow) -> None:
    prod.change(tlsSecretName="another")
    code, comment = prod.preview()
    assert code == 1
    assert "refused, it needs approval to destroy" in comment
    assert "- certificates-tls (kubernetes:core/v1:Secret) would be replaced" in comment
    log = str(prod.output / "events.jsonl")
    assert subprocess.run([sys.executable, "-m", "ci", "gate", log], cwd=REPO, check=False).returncode == 1
    code, comment = prod.preview("--allow-destructive")
    assert code == 0
    assert "as the label `pulumi-allow-destructive` allows" in comment


def test_a_preview_that_cannot_begin_says_why(prod: Workflow) -> None:
    prod.change()
    code, comment = prod.preview(PULUMI_CONFIG_PASSPHRASE="wrong")
    assert code == 1
    assert "Preview of `prod`: failed" in comment
    assert "incorrect passphrase" in comment


def test_a_new_environment_is_previewed_before_it_exists(site: Site, tmp_path: Path) -> None:
    new = workflow(site, "hamburg", tmp_path)
    new.change(
        clusterName="hamburg",
        externalHostname="hamburg.lab.test",
        rancherHostname="r.hamburg.lab.test",
        networkProfile="lb-hamburg",
        protectCluster="true",
    )
    before = new.settings.read_text()
    code, comment = new.preview()
    assert code == 0, comment
    assert "The stack does not exist yet" in comment
    assert "to create**" in comment
    assert new.settings.read_text() == before
    stacks = site.engine.json("stack", "ls", "--json")
    assert isinstance(stacks, list)
    assert "hamburg" not in {item["name"] for item in stacks}


def test_drift_is_reported_and_no_state_is_written(site: Site, prod: Workflow) -> None:
    prod.change()
    before = prod.state()
    code, report = prod.look()
    assert (code, "### `prod`: no drift" in report) == (0, True), report
    pks(site, "resize", "rancher-lab", "--num-nodes", "4", "--non-interactive", "--wait")
    try:
        code, report = prod.look("--headroom", "60")
        deployment = prod.run("deploy")
    finally:
        pks(site, "resize", "rancher-lab", "--num-nodes", "3", "--non-interactive", "--wait")
    assert (code, "### `prod`: drift, too little capacity" in report) == (3, True), report
    assert "| `rancher-cluster` | `pulumi-python:pks:Cluster` | update | `workers`: `3` → `4` |" in report
    assert "pod subnets: 48 of 256 remain" in report
    metrics = (prod.output / "capacity.prom").read_text()
    assert 'rancher_pks_limit_headroom{limit="pod subnets",stack="prod"} 48.0' in metrics
    assert (deployment[0], deployment[1].splitlines()[-1]) == (1, "==> drift")
    assert prod.state() == before
    code, printed = prod.run("drift", "--output", str(prod.output), PULUMI_CONFIG_PASSPHRASE="wrong")
    assert (code, "incorrect passphrase" in printed) == (1, True), printed


def test_a_deployment_is_judged_again_before_it_changes_anything(prod: Workflow, tmp_path: Path) -> None:
    before = prod.state()
    prod.change(tlsSecretName="another")
    code, printed = prod.run("deploy")
    assert (code, "==> refused" in printed) == (1, True), printed
    assert prod.state() == before
    prod.change(plannedImportedClusters="41")
    summary = tmp_path / "summary.md"
    code, printed = prod.run("deploy", GITHUB_STEP_SUMMARY=str(summary))
    assert code == 0, printed
    assert "`40` → `41`" in summary.read_text()
    network = prod.engine.outputs()["podNetwork"]
    assert isinstance(network, dict)
    assert network["importedClusters"] == 41
