"""Destruction needs approval."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from ci.events import Report
from ci.gate import destroyed
from tests.ci.logs import CLUSTER, IN_RANCHER, RELEASE, log, report, step, summary
from tests.config import REPO

LASTING = [
    (CLUSTER, ""),
    ("pulumi-python:dynamic/pks:NetworkProfile", "rancher-on-pks:pks:PksCluster$"),
    ("kubernetes:core/v1:Secret", "rancher-on-pks:certificates:RancherCertificates$"),
    ("kubernetes:core/v1:Namespace", ""),
    ("tls:index/privateKey:PrivateKey", "rancher-on-pks:certificates:RancherCertificates$"),
    ("tls:index/selfSignedCert:SelfSignedCert", "rancher-on-pks:certificates:RancherCertificates$"),
    (RELEASE, IN_RANCHER),
    ("command:local:Command", IN_RANCHER),  # Rancher's release with Helm v2
]
OTHERS = [
    (RELEASE, "rancher-on-pks:ingress:IngressController$rancher-on-pks:helm:HelmRelease$"),
    ("command:local:Command", "rancher-on-pks:dns:DnsRecord$"),
    ("pulumi-python:dynamic/rancher:EndpointCheck", ""),
    ("vsphere:index/computeClusterVmAntiAffinityRule:ComputeClusterVmAntiAffinityRule", ""),
]


def replaced(kind: str, parents: str) -> Report:
    return report(
        step("create-replacement", kind, "it", {"a": 1}, {"a": 2}, parents=parents, keys=["a"]),
        step("delete-replaced", kind, "it", {"a": 1}, parents=parents),
    )


@pytest.mark.parametrize(("kind", "parents"), LASTING)
def test_what_must_last_is_neither_deleted_nor_replaced(kind: str, parents: str) -> None:
    [message] = destroyed(report(step("delete", kind, "it", {"a": 1}, parents=parents)).changes)
    assert message.startswith(f"it ({kind}) would be deleted. It is ")
    [message] = destroyed(replaced(kind, parents).changes)
    assert message.startswith(f"it ({kind}) would be replaced, because of a. It is ")


@pytest.mark.parametrize(("kind", "parents"), LASTING)
def test_it_may_be_made_and_changed(kind: str, parents: str) -> None:
    made = step("create", kind, "new", None, {"a": 1}, parents=parents)
    changed = step("update", kind, "old", {"a": 1}, {"a": 2}, parents=parents)
    assert destroyed(report(made, changed).changes) == []


@pytest.mark.parametrize(("kind", "parents"), OTHERS)
def test_other_resources_may_go(kind: str, parents: str) -> None:
    assert destroyed(report(step("delete", kind, "it", {"a": 1}, parents=parents)).changes) == []
    assert destroyed(replaced(kind, parents).changes) == []


def gate(file: Path, *arguments: str) -> tuple[int, str]:
    command = [sys.executable, "-m", "ci", "gate", str(file), *arguments]
    done = subprocess.run(command, cwd=REPO, capture_output=True, text=True, check=False)
    return done.returncode, done.stderr


def test_the_command_judges_a_log(tmp_path: Path) -> None:
    file = tmp_path / "events.jsonl"
    file.write_text("\n".join(log(step("delete", CLUSTER, "rancher-cluster", {}), summary(delete=1))))
    code, told = gate(file)
    assert code == 1
    assert "rancher-cluster" in told
    assert "pulumi-allow-destructive" in told
    assert gate(file, "--allow-destructive")[0] == 0
    file.write_text("\n".join(log(step("update", CLUSTER, "c", {}, {}), summary(update=1))))
    assert gate(file) == (0, "")


def test_half_a_log_is_not_taken_for_a_harmless_one(tmp_path: Path) -> None:
    file = tmp_path / "events.jsonl"
    file.write_text("")
    code, told = gate(file)
    assert (code, "not the event log of a complete preview" in told) == (1, True)
