"""Helm v2 in both modes, killed in each, and the move to Helm 3: one stack from first ``up`` to last."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import ssl
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from lab import process
from lab.cluster.spec import ClusterFiles, load
from lab.engine import Engine, environment
from lab.helm_choice import choose, prepare
from lab.layout import Lab
from lab.pki import write_private
from tests.lab.conftest import Site, https_get

pytestmark = pytest.mark.lab

STACK = "helm2"
TILLER = ("kube-system", "tiller")


class Cluster:
    """The cluster of the stack, looked at with ``kubectl`` and Helm v2."""

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
    """A stack as ``python -m lab up --helm v2`` makes it."""
    engine = bare.beside(STACK)
    choose(engine, "v2", None)
    yield engine
    done = engine.run("destroy", "--yes", "--skip-preview", check=False)
    assert done.returncode == 0, done.stdout


def test_from_tiller_in_the_cluster_to_helm_3(
    bare: Site, engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    # Tiller in the cluster, as in the article; its rights end with each change, and with a killed run.
    kill_amid(engine, "nginx")
    kill_amid(engine, "rancher", everything=False)
    assert left_behind(bare.lab, tmp_path) == []
    told = up(engine)
    assert "release rancher was never installed completely: deleting it first" in told
    assert "Rancher's cluster local hangs" in told, "as this version of Rancher does"
    check_rancher(engine)
    cluster = Cluster(engine)
    assert cluster.administrators() == []
    assert left_behind(bare.lab, tmp_path) == []
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
    assert "left by a killed run" in up(engine)
    assert cluster.administrators() == []

    # A change that fails takes the rights away too.
    bare.configure(engine, rancherValues={"resources": "not an object"})
    failed = engine.run("up", "--yes", "--skip-preview", check=False)
    assert "helm2 upgrade` failed: UPGRADE FAILED" in failed.stdout
    assert cluster.administrators() == []
    bare.configure(engine, rancherValues=None)

    # Tiller on this machine: nothing of it is in the cluster, and the same release goes on, killed or not.
    choose(engine, None, "local")
    bare.configure(engine, rancherReplicas="4")
    kill_amid(engine, "rancher", local=True)
    assert cluster.records("secrets", "OWNER=TILLER,NAME=rancher,STATUS=PENDING_UPGRADE") != set()
    kill_amid(engine, "rancher", everything=False, local=True)
    assert left_behind(bare.lab, tmp_path) == []
    assert "is incomplete: rolling back to revision" in up(engine)
    check_rancher(engine)
    assert cluster.administrators() == []
    assert cluster.items("pods,serviceaccounts", "-n", "kube-system", "-l", "app=helm") == []
    assert cluster.run("kubectl", "get", "sa", "tiller", "-n", "kube-system").returncode != 0
    assert cluster.records("secrets", "OWNER=TILLER,NAME=rancher,STATUS=DEPLOYED") != set()
    assert "could not find tiller" in cluster.run("helm2", "version").stderr
    assert left_behind(bare.lab, tmp_path) == [], "no Tiller runs after the call"

    # Helm 3: every pod stays, Tiller's records go.
    before = cluster.pods()
    assert len(before) > 4
    choose(engine, "v3", None)
    output = up(engine)
    assert "release rancher is managed by Helm 3: it stays" in output
    assert cluster.pods() == before
    check_rancher(engine)
    assert cluster.records("secrets,configmaps", "OWNER=TILLER") == set()
    assert cluster.records("secrets", "owner=helm,status=deployed") == {
        "sh.helm.release.v1.nginx.v1",
        "sh.helm.release.v1.rancher.v1",
    }
    ingresses = cluster.items("ingresses", "-n", "cattle-system")
    assert [item["metadata"]["name"] for item in ingresses] == ["rancher-ingress"]
    with pytest.raises(ValueError, match="cannot be replaced by Helm v2"):
        choose(engine, "v2", None)
    with pytest.raises(ValueError, match="--tiller needs Helm v2"):
        choose(engine, None, "local")
    # And it is a release as any other from here on.
    bare.configure(engine, rancherReplicas="3")
    up(engine)
    assert len(set(cluster.pods()) & set(before)) == len(before) - 1


def test_destroy_with_releases_in_helm_2(bare: Site) -> None:
    """They go with their cluster; nothing waits for a Tiller that is gone before them."""
    engine = bare.beside("helm2-gone")
    choose(engine, "v2", None)
    off = {"antiAffinity": "off", "dnsMode": None, "dnsApiRecord": None, "rancherBootstrap": False}
    bare.configure(engine, **off)
    up(engine)
    done = engine.run("destroy", "--yes", "--skip-preview", check=False)
    assert done.returncode == 0, done.stdout
    specs = (bare.lab.home / "clusters").glob("*/cluster.json")
    assert "helm2-gone" not in [json.loads(file.read_text())["name"] for file in specs]
    assert [line for line in commands(bare.lab, "").values() if "/tiller --" in line] == []


def test_chart_of_helm_3_is_refused_at_preview(bare: Site) -> None:
    engine = bare.beside("helm2-new")
    prepare()
    bare.configure(engine, helmEngine="v2")
    done = engine.run("preview", check=False)
    assert done.returncode != 0
    assert "has apiVersion v2, which this version of Helm does not support" in done.stdout


def kill_amid(engine: Engine, release: str, *, everything: bool = True, local: bool = False) -> None:
    """Start ``up`` and kill it, without mercy, while Tiller changes the objects of the release.

    With ``everything`` all of its processes at once, else the engine alone: the others have to notice.
    Tiller (with ``local`` that of this run) works only for moments far shorter than a change until it is in
    the middle of one, where it is halted. It goes too.
    """
    tiller, records = 0, Records(engine, release)
    before = records.incomplete()
    log = engine.lab.path("log", "killed.log")
    with log.open("wb") as output:
        running = subprocess.Popen(
            engine.command("up", "--yes", "--skip-preview"),
            env=engine.process_environment(),
            stdout=output,
            stderr=output,
            start_new_session=True,
        )

    def amid() -> bool:
        """Let Tiller work for a moment; whether it has begun the change."""
        nonlocal tiller
        assert running.poll() is None, log.read_text()
        try:
            for number in (signal.SIGCONT, signal.SIGSTOP):
                if not tiller:
                    raise ProcessLookupError  # noqa: TRY301
                os.kill(tiller, number)
                time.sleep(0.01)
        except ProcessLookupError:
            found = commands(engine.lab, "pulumi\0" if local else "cluster-")
            tiller = next((pid for pid, line in found.items() if "/tiller --" in line), 0)
            time.sleep(0 if tiller else 0.02)
            return False
        return not records.incomplete() <= before

    until(amid, pause=0.002)
    if everything:
        os.killpg(running.pid, signal.SIGSTOP)
        process.stop(engine.lab, "pulumi", force=True)
    else:
        running.kill()
        until(lambda: not helm2(engine.lab))
        process.stop(engine.lab, "pulumi", force=True)
    with contextlib.suppress(ProcessLookupError):
        os.kill(tiller, signal.SIGKILL)
    running.wait()
    engine.ensure_stack()  # breaks the lock that the killed run left


class Records:
    """Tiller's records of changes of a release, asked for so often that one connection serves all calls."""

    def __init__(self, engine: Engine, release: str) -> None:
        self.engine = engine
        # Not the rollback with which the next run repairs the release.
        self.selector = f"OWNER=TILLER,NAME={release},STATUS in (PENDING_INSTALL,PENDING_UPGRADE)"
        self.client: httpx.Client | None = None

    def incomplete(self) -> set[str]:
        """Names of those whose change is not complete; none before there is a cluster."""
        self.client = self.client or self.connect()
        if self.client is None:
            return set()
        where = {"labelSelector": self.selector}
        found = [self.client.get(f"/{kind}", params=where).json() for kind in ("configmaps", "secrets")]
        return {item["metadata"]["name"] for items in found for item in items["items"]}

    def connect(self) -> httpx.Client | None:
        files = (self.engine.lab.home / "clusters").glob("*/cluster.json")
        specs = [load(self.engine.lab, file.parent.name) for file in files]
        cluster = next((spec for spec in specs if spec.name == self.engine.stack), None)
        if cluster is None:
            return None
        return httpx.Client(
            base_url=f"{cluster.server}/api/v1/namespaces/kube-system",
            headers={"Authorization": f"Bearer {cluster.admin_token}"},
            verify=ssl.create_default_context(cafile=ClusterFiles(self.engine.lab, cluster.uuid).ca),
        )


def left_behind(lab: Lab, folder: Path) -> list[str]:
    """Processes of Helm v2 and its private files; a kubeconfig is in them."""
    return helm2(lab) + [path.name for path in folder.glob(".rancher-on-pks-private-helm2-*")]


def helm2(lab: Lab) -> list[str]:
    """Processes of Helm v2: the stack's commands, helm, and Tiller."""
    names = ("components.helm.v2.actions", "/helm2-")
    return [line for line in commands(lab).values() if any(name in line for name in names)]


def commands(lab: Lab, daemon: str = "pulumi\0") -> dict[int, str]:
    """The command line of each process that an ``up`` of this lab has started, or each of the lab."""
    mark = f"{process.MARK}={lab.home}:{daemon}".encode()
    found = {}
    for entry in Path("/proc").iterdir():
        try:
            if entry.name.isdigit() and mark in (entry / "environ").read_bytes():
                found[int(entry.name)] = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode()
        except OSError:
            continue  # it has ended
    return found


def until(condition: Callable[[], bool], pause: float = 0.2) -> None:
    deadline = time.monotonic() + 600
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(pause)
