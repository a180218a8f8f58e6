"""``python -m settings new``: the two files of an environment, valid from the first minute."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from settings import stack_file
from settings.new import TEMPLATE, main
from settings.reading import parse_file
from tests.config import REPO


def config(tmp_path: Path, env: str = "berlin") -> dict[str, object]:
    """Keys of the written file, without their namespace."""
    file = tmp_path / f"Pulumi.{env}.yaml"
    parse_file(stack_file.read(file))
    document = yaml.safe_load(file.read_text())["config"]
    return {key.partition(":")[2]: value for key, value in document.items()}


def write(tmp_path: Path, *arguments: str, env: str = "berlin", api: str = "pks.corp.test") -> int:
    return main([env, "--pks-api", api, "--directory", str(tmp_path), *arguments])


def test_names_follow_from_the_address_of_pks(tmp_path: Path) -> None:
    assert write(tmp_path) == 0
    found = config(tmp_path)
    assert found["clusterName"] == "berlin-rancher"
    assert found["externalHostname"] == "berlin-rancher.corp.test"
    assert found["rancherHostname"] == "rancher.corp.test"
    assert found["dnsServer"] == "ns1.corp.test"
    assert found["networkProfile"] == "berlin-rancher-lb-medium"
    text = (tmp_path / "Pulumi.berlin.yaml").read_text()
    assert "example" not in text
    assert "policy/config.berlin.json" in text, "the comments speak of this environment"


def test_the_headline_features_are_in_the_template() -> None:
    keys = {key.partition(":")[2] for key in yaml.safe_load(TEMPLATE.read_text())["config"]}
    assert keys >= {"antiAffinity", "podNetwork", "plannedImportedClusters", "dnsMode", "protectCluster"}


@pytest.mark.parametrize(("clusters", "prefix"), [("40", 24), ("60", 25), ("300", 27), ("5000", 24)])
def test_the_pod_network_fits_the_plan(tmp_path: Path, clusters: str, prefix: int) -> None:
    assert write(tmp_path, "--imported-clusters", clusters) == 0
    found = config(tmp_path)
    assert found["plannedImportedClusters"] == clusters
    assert found["networkProfileParameters"] == {"lb_size": "medium", "pod_subnet_prefix": prefix}
    network = found["podNetwork"]
    assert isinstance(network, dict)
    assert network["subnetPrefix"] == prefix


def test_parts_that_are_not_wanted_stay_out(tmp_path: Path) -> None:
    assert write(tmp_path, "--dns-server", "none", "--vsphere-server", "none") == 0
    found = config(tmp_path)
    assert (found["dnsMode"], found["antiAffinity"]) == ("none", "off")
    assert not {"dnsServer", "vsphereServer"} & set(found)
    policies = json.loads((tmp_path / "policy/config.berlin.json").read_text())
    assert policies["host-failure"] == {"antiAffinity": False}
    assert policies["rancher-design"] == {"protectCluster": True}


@pytest.mark.parametrize("value", ["a: b", "x # y", "[", "a\nrancher-on-pks:workers: 9", "\\g<1>", "{{x}}"])
def test_an_answer_is_a_value_and_nothing_else(
    tmp_path: Path, value: str, capsys: pytest.CaptureFixture[str]
) -> None:
    code = write(tmp_path, "--plan", value)
    if code == 0:
        found = config(tmp_path)
        assert (found["plan"], found.get("workers")) == (value, None)
    else:
        assert "plan: must be" in capsys.readouterr().err
        assert list(tmp_path.iterdir()) == [], "nothing was written"


def test_wrong_answers_are_reported_together(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert write(tmp_path, "--kubernetes-version", "2", "--rancher-hostname", "UPPER") == 1
    printed = capsys.readouterr().err
    assert "kubernetesVersion" in printed
    assert "rancherHostname" in printed
    assert list(tmp_path.iterdir()) == []


def test_an_existing_environment_is_kept(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert write(tmp_path) == 0
    before = (tmp_path / "Pulumi.berlin.yaml").read_text()
    assert write(tmp_path, api="pks.other.test") == 1
    assert "exists already" in capsys.readouterr().err
    assert (tmp_path / "Pulumi.berlin.yaml").read_text() == before


def test_existing_thresholds_are_kept(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """As those of production in a fresh clone."""
    file = tmp_path / "policy/config.prod.json"
    file.parent.mkdir()
    file.write_text("{}")
    assert write(tmp_path, env="prod") == 0
    assert "config.prod.json exists and is kept" in capsys.readouterr().out
    assert file.read_text() == "{}"
    assert config(tmp_path, "prod")["clusterName"] == "prod-rancher"


def test_without_a_terminal_what_is_missing_is_named(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "settings", "new", "berlin", "--directory", str(tmp_path)]
    done = subprocess.run(
        command, cwd=REPO, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert done.stderr == "error: --pks-api is missing: Host name of the PKS API\n"


def test_a_terminal_is_asked_and_enter_takes_the_default(tmp_path: Path) -> None:
    controller, terminal = pty.openpty()
    command = [sys.executable, "-m", "settings", "new", "berlin", "--directory", str(tmp_path)]
    process = subprocess.Popen(command, cwd=REPO, stdin=terminal, stdout=subprocess.PIPE, text=True)
    os.close(terminal)
    os.write(controller, b"pks.asked.test\nasked\n" + 11 * b"\n")
    printed, _ = process.communicate()
    os.close(controller)
    assert process.returncode == 0
    assert "Name of the cluster in PKS [berlin-rancher]: " in printed
    assert config(tmp_path)["clusterName"] == "asked"
