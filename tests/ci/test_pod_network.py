"""The capacity of the pod network before and after a change."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from capacity.model.figures import CONFIGURED, LIVE
from ci.capacity_diff import compare
from ci.events import Report
from domain import type_tokens as kinds
from tests.ci.logs import CLUSTER, report, step
from tests.config import GOOD, REPO

BLOCK = "172.16.0.0/16"


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """``Pulumi.prod.yaml`` in a repository, as the base branch has it."""
    monkeypatch.chdir(REPO)  # for the thresholds
    file = tmp_path / "Pulumi.prod.yaml"
    write(file, plannedImportedClusters=40)
    for arguments in (["init", "-q"], ["add", "."], ["commit", "-qm", "base"]):
        identity = ["-c", "user.name=test", "-c", "user.email=test@example.com"]
        subprocess.run(["git", *identity, *arguments], cwd=tmp_path, check=True, capture_output=True)
    return file


def write(file: Path, **changes: object) -> None:
    config = {**GOOD, "podNetwork": {"blocks": [BLOCK]}, **changes}
    file.write_text(
        yaml.safe_dump({"config": {f"rancher-on-pks:{key}": value for key, value in config.items()}})
    )


def planned(imported: int, source: str, used: int) -> Report:
    """A preview whose program told the figures."""
    demand = {"name": "czpksrancher05", "rancherVersion": "2.8.5", "importedClusters": imported}
    inputs: dict[str, Any] = {
        "figures": {"network": {"blocks": [{"cidr": BLOCK, "subnetsUsed": used}]}, "demands": [demand]},
        "source": source,
    }
    cluster = step("update", CLUSTER, "c", {"a": 1}, {"a": 1})
    return report(step("update", kinds.POD_NETWORK, "capacity-figures", inputs, inputs), cluster)


def test_both_are_told_where_they_differ(settings: Path) -> None:
    write(settings, plannedImportedClusters=60)
    text = compare("prod", settings, "HEAD", Report()).markdown
    assert "| pod subnets | 256 | 0 | 180 → **260** | 51 → **-29** |" in text
    assert "Imported clusters: 40 → **60** planned, 52 fit." in text
    assert "The plan lacks 29 pod subnets." in text
    assert "as the settings say" in text


def test_nothing_differs_when_nothing_changed(settings: Path) -> None:
    text = compare("prod", settings, "HEAD", Report()).markdown
    assert "| pod subnets | 256 | 0 | 180 | 51 |" in text
    assert "→" not in text


def test_what_nsx_t_tells_holds_for_before_and_after(settings: Path) -> None:
    """Else the change would seem to have caused what others have taken meanwhile."""
    text = compare("prod", settings, "HEAD", planned(50, LIVE, used=9)).markdown
    assert "| pod subnets | 256 | 9 | 180 → **220** | 42 → **2** |" in text
    assert "as NSX-T reports it now" in text
    text = compare("prod", settings, "HEAD", planned(50, CONFIGURED, used=9)).markdown
    assert "| pod subnets | 256 | 0 → **9** | 180 → **220** | 51 → **2** |" in text


def test_a_prefix_cannot_change_in_a_running_cluster(settings: Path) -> None:
    text = compare("prod", settings, None, planned(60, LIVE, used=0)).markdown
    assert "pod_subnet_prefix" in text
    assert "- pod_subnet_prefix: 25 (125 pods per subnet)" in text
    assert text.index("further pod IP block") < text.index("- pod_subnet_prefix: 25")


def test_a_new_environment_has_no_before(settings: Path) -> None:
    new = settings.with_name("Pulumi.new.yaml")
    write(new)
    text = compare("new", new, "HEAD", Report()).markdown
    assert "→" not in text
    assert "Pulumi.new.yaml is new." in text


def test_figures_are_added_or_left_out(settings: Path) -> None:
    write(settings, podNetwork={})
    assert "podNetwork is not set" in compare("prod", settings, "HEAD", Report()).markdown
    git = ["git", "-c", "user.name=test", "-c", "user.email=test@example.com", "commit", "-qam", "none"]
    subprocess.run(git, cwd=settings.parent, check=True)
    write(settings)
    assert "no valid plan" in compare("prod", settings, "HEAD", Report()).markdown


def test_an_alarm_before_the_room_is_gone(settings: Path) -> None:
    found = compare("prod", settings, None, planned(50, LIVE, used=9))  # 2 of 256 remain
    [alarm] = found.alarms(5)
    assert alarm.startswith("pod subnets: 2 of 256 remain beyond the plan and the reserve, less than 5%")
    assert found.alarms(0) == ()
    write(settings, podNetwork={})
    assert compare("prod", settings, None, Report()).alarms(5) == ()


def test_of_a_fleet_what_is_deployed_is_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(REPO)
    settings = tmp_path / "Pulumi.emea.yaml"
    settings.write_text("config: {rancher-fleet:serverStack: company/rancher-on-pks/prod}")
    grown = planned(50, "server", 10)
    grown.deployed = planned(40, "server", 10).inputs
    text = compare("fleet/emea", settings, "HEAD", grown).markdown
    assert "| pod subnets | 256 | 10 | 180 → **220** | 41 → **1** |" in text
    assert "Imported clusters: 40 → **50** planned, 50 fit." in text
    assert "as the server's stack says" in text
    failed = compare("fleet/emea", settings, "HEAD", Report())
    assert "Unknown: the preview ended before the figures of the server's stack." in failed.markdown
