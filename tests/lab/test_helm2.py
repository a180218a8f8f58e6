"""Helm v2 in both modes, and the move to Helm 3, on one stack from the first ``up`` to the last."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from lab.engine import Engine, environment
from lab.layout import Lab
from lab.pki import write_private
from tests.lab.conftest import Site, https_get

pytestmark = pytest.mark.lab

STACK = "helm2"
TILLER = ("kube-system", "tiller")

_CUT_OFF = """
from dataclasses import replace
from lab.helm2.kubectl import Kubectl
from lab.helm2.release import Status
from lab.helm2.storage import Storage
storage = Storage(Kubectl(), "secrets")
last = storage.history("rancher")[-1]
storage.create(replace(last, revision=last.revision + 1, status=Status.PENDING_UPGRADE))
"""


class Cluster:
    """The cluster of the stack, looked at with ``kubectl`` and the stand-in of Helm v2."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        kubeconfig = str(engine.outputs()["kubeconfig"])
        self.token = str(yaml.safe_load(kubeconfig)["users"][0]["user"]["token"])
        file = engine.lab.path(f"{STACK}.kubeconfig")
        write_private(file, kubeconfig.encode())
        self.env = {**os.environ, **environment(engine.lab, engine.tools), "KUBECONFIG": str(file)}

    def run(self, *command: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(command, env=self.env, capture_output=True, text=True, check=False)

    def items(self, *what: str) -> list[dict[str, Any]]:
        done = self.run("kubectl", "get", *what, "-o", "json")
        assert done.returncode == 0, done.stderr
        items: list[dict[str, Any]] = json.loads(done.stdout)["items"]
        return items

    def administrators(self) -> list[str]:
        """ClusterRoleBindings of any role with Tiller's service account."""
        return [
            item["metadata"]["name"]
            for item in self.items("clusterrolebindings")
            for subject in item.get("subjects") or []
            if (subject.get("namespace"), subject["name"]) == TILLER
        ]

    def pods(self) -> dict[str, str]:
        """UID of each pod of Rancher and the ingress controller by name."""
        found = self.items("pods", "-n", "cattle-system")
        return {item["metadata"]["name"]: item["metadata"]["uid"] for item in found}

    def records(self, kind: str, selector: str) -> set[str]:
        return {item["metadata"]["name"] for item in self.items(kind, "-A", "-l", selector)}


def up(engine: Engine) -> str:
    """``up``, and an empty preview after it; returns what ``up`` printed."""
    done = engine.run("up", "--yes", "--skip-preview", check=False)
    assert done.returncode == 0, done.stdout
    again = engine.run("preview", "--expect-no-changes", check=False)
    assert again.returncode == 0, again.stdout
    return done.stdout


def check_rancher(engine: Engine) -> None:
    outputs = engine.outputs()
    host = f"{STACK}.lab.test"
    found = https_get(str(outputs["vip"]), 8443, host, "/ping", str(outputs["caBundle"]))
    assert found == (200, "pong")


@pytest.fixture(scope="module")
def engine(bare: Site) -> Iterator[Engine]:
    """A stack of the article's charts: Helm v2 reads no newer ones."""
    engine = bare.beside(STACK)
    bare.configure(
        engine,
        helmEngine="v2",
        tillerMode="cluster",
        ingressChart="nginx-ingress",
        ingressChartVersion="1.41.3",
        rancherVersion="2.2.8",
    )
    yield engine
    done = engine.run("destroy", "--yes", "--skip-preview", check=False)
    assert done.returncode == 0, done.stdout


def test_from_tiller_in_the_cluster_to_helm_3(bare: Site, engine: Engine) -> None:
    # Tiller in the cluster, as in the article; its rights end with each change.
    up(engine)
    check_rancher(engine)
    cluster = Cluster(engine)
    assert cluster.administrators() == []
    assert cluster.records("configmaps", "OWNER=TILLER,STATUS=DEPLOYED") == {"nginx.v1", "rancher.v1"}
    version = cluster.run("helm2", "version").stdout.splitlines()
    assert [line.partition("GitCommit")[0] for line in version] == [
        'Client: &version.Version{SemVer:"v2.17.0", ',
        'Server: &version.Version{SemVer:"v2.17.0", ',
    ]
    refused = cluster.run("helm2", "ls").stderr
    assert "configmaps is forbidden" in refused
    assert "system:serviceaccount:kube-system:tiller" in refused
    state = "".join(path.read_text() for path in (bare.lab.home / "state").rglob(f"{STACK}.json*"))
    assert len(cluster.token) > 20
    assert cluster.token not in state, "no credentials are in clear in the state"

    # A binding that a killed run left behind does not outlive the next run, even one with nothing to do.
    cluster.run(
        *("kubectl", "create", "clusterrolebinding", "tiller-rancher", "--clusterrole", "cluster-admin"),
        *("--serviceaccount", "kube-system:tiller"),
    )
    assert cluster.run("helm2", "ls", "--short").stdout.split() == ["nginx", "rancher"]
    assert "left by a run that was killed" in up(engine)
    assert cluster.administrators() == []

    # A change that fails takes the rights away too.
    bare.configure(engine, rancherValues={"extraEnv": "not a list"})
    failed = engine.run("up", "--yes", "--skip-preview", check=False)
    assert "helm2 upgrade: UPGRADE FAILED" in failed.stdout
    assert cluster.administrators() == []
    bare.configure(engine, rancherValues=None)

    # Tiller on this machine: nothing of it is in the cluster, and the same release goes on.
    bare.configure(engine, tillerMode="local", rancherReplicas="4")
    assert "did not end well: back to revision 1" in up(engine)
    check_rancher(engine)
    assert cluster.administrators() == []
    assert cluster.items("pods,serviceaccounts", "-n", "kube-system", "-l", "app=helm") == []
    assert cluster.run("kubectl", "get", "sa", "tiller", "-n", "kube-system").returncode != 0
    assert cluster.records("secrets", "OWNER=TILLER,NAME=rancher,STATUS=DEPLOYED") != set()
    assert "could not find tiller" in cluster.run("helm2", "version").stderr
    assert tillers(bare.lab) == [], "none runs after the call"

    # Tiller refuses every upgrade after one that was cut off.
    cluster.run(sys.executable, "-c", _CUT_OFF)
    bare.configure(engine, rancherReplicas="5")
    assert "did not end well: back to revision" in up(engine)
    assert sum(name.startswith("rancher-") for name in cluster.pods()) == 5

    # Helm 3: every pod stays, Tiller's records go.
    before = cluster.pods()
    bare.configure(engine, helmEngine="v3", tillerMode=None)
    output = up(engine)
    assert "release rancher is Helm 3's now: it stays" in output
    assert cluster.pods() == before
    check_rancher(engine)
    assert cluster.records("secrets,configmaps", "OWNER=TILLER") == set()
    assert cluster.records("secrets", "owner=helm,status=deployed") == {
        "sh.helm.release.v1.nginx.v1",
        "sh.helm.release.v1.rancher.v1",
    }
    ingresses = cluster.items("ingresses", "-n", "cattle-system")
    assert [item["metadata"]["name"] for item in ingresses] == ["rancher-ingress"]
    # And it is a release as any other from here on.
    bare.configure(engine, rancherReplicas="4")
    up(engine)
    assert len(set(cluster.pods()) & set(before)) == len(before) - 1


def test_chart_of_helm_3_is_refused_at_preview(bare: Site) -> None:
    engine = bare.beside("helm2-new")
    bare.configure(engine, helmEngine="v2")
    done = engine.run("preview", check=False)
    assert done.returncode != 0
    assert "is for Helm 3 (apiVersion v2), the release is Helm v2's (config helmEngine)" in done.stdout


def tillers(lab: Lab) -> list[str]:
    """Command lines of Tillers of this lab."""
    done = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, check=True)
    return [line for line in done.stdout.splitlines() if "lab.helm2.server" in line]
