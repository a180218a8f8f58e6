"""An environment's settings in the lab: everything of the real foundation is replaced, nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from lab import pki, trial
from lab.bringup import LabError
from lab.layout import REPO, Lab

FILES = [*sorted((REPO / "examples").glob("*/Pulumi.*.yaml")), REPO / "docs/environment.template.yaml"]
SERVERS = [file for file in FILES if file.parent.name != "fleet"]
PREFIX = "rancher-on-pks:"


def settings(file: Path) -> dict[str, object]:
    document = yaml.safe_load(file.read_text())["config"]
    return {key.removeprefix(PREFIX): value for key, value in document.items()}


@pytest.mark.parametrize("file", SERVERS, ids=lambda file: file.parent.name)
def test_no_address_of_the_real_foundation_is_left(file: Path, tmp_path: Path) -> None:
    lab = Lab(tmp_path, 99)
    pki.ensure_ca(lab)
    before = settings(file)
    after = trial.adapted(before, lab, "trial")
    left = {key: value for key, value in after.items() if not key.endswith("Values")}
    assert not any(name in str(value) for value in left.values() for name in ("example.com", "sovsystems"))
    for key in ("certificateFile", "privateKeyFile", "caCertificateFile", "caPrivateKeyFile"):
        assert key not in after or Path(str(after[key])).exists()
    assert (after["rancherHostname"], after["externalHostname"]) == ("trial.lab.test", "trial-api.lab.test")
    kept = (
        *("plan", "podNetwork", "plannedImportedClusters", "certificateSource", "protectCluster"),
        *("networkProfile", "networkProfileParameters", "antiAffinity", "rancherValues", "helmEngine"),
    )
    assert {key: after.get(key) for key in kept} == {key: before.get(key) for key in kept}


@pytest.mark.parametrize(
    "name", ["prod.yaml", "Pulumi.yaml", "Pulumi.lab.yaml", "Pulumi..yaml", "Pulumi.a.json"]
)
def test_only_the_file_of_an_environment_is_tried(name: str) -> None:
    with pytest.raises(LabError, match="give the file of an environment"):
        trial.stack_name(Path("somewhere", name))


@pytest.mark.parametrize("content", [None, b"\xff\xfe", b"config: [", b"config: 5", b"[]"])
def test_a_file_that_is_missing_or_no_stack_file_is_one_error(tmp_path: Path, content: bytes | None) -> None:
    file = tmp_path / "Pulumi.berlin.yaml"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(LabError, match=r"Pulumi\.berlin\.yaml (cannot be read|has no `config`)"):
        trial.adapted(trial.read(file), Lab(tmp_path, 99), "berlin")


def test_the_policies_are_those_beside_the_file_or_of_its_name(tmp_path: Path) -> None:
    file = tmp_path / "Pulumi.berlin.yaml"
    assert trial.policies(file)[-1] == str(REPO / "policy/config.prod.json")
    (tmp_path / trial.POLICIES).write_text("{}")
    assert trial.policies(file)[-1] == str(tmp_path / trial.POLICIES)
