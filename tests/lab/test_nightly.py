"""The nightly job on a real stack: it closes and opens the brake, and reclaims namespaces that leaked."""

from __future__ import annotations

import http.client
import json
import re
import socket
import ssl
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from components.kubernetes import api as kube
from components.rancher.brake.admission import POLICY
from domain import brake_policy
from domain.brake_policy import FLEET
from tests.lab.conftest import Site
from tests.workflow_step import run_step

pytestmark = pytest.mark.lab

NAMESPACES = "/api/v1/namespaces"
VERDICT = f"/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies/{POLICY}"


@dataclass
class Night:
    """The lab's stack with the brake, and its cluster and Rancher by hand."""

    site: Site
    output: Path
    outputs: dict[str, Any]

    def check(self, *arguments: str) -> tuple[int, str, str]:
        """Run the job's step; returns its exit code, report and metrics."""
        engine = self.site.engine
        more = ["--output", str(self.output), *arguments]
        code, printed = run_step(
            "drift", engine.stack, engine.config_file, *more, environment=engine.process_environment()
        )
        report = self.output / "drift.md"
        assert report.exists(), printed
        return code, report.read_text(), (self.output / "capacity.prom").read_text()

    def with_cluster(self, act: Callable[[kube.Kubernetes], Any]) -> Any:
        with kube.client(self.outputs["kubeconfig"]) as api:
            return act(api)

    def namespaces(self) -> set[str]:
        """Those that are not being deleted."""
        found = self.with_cluster(lambda api: api.list(NAMESPACES))
        return {item["metadata"]["name"] for item in found if "deletionTimestamp" not in item["metadata"]}

    def verdict(self) -> dict[str, str]:
        """What the admission policy says."""
        found = brake_policy.state(self.with_cluster(lambda api: api.get(VERDICT))["spec"])
        assert found
        return found

    def fill(self, *names: str) -> None:
        with kube.client(self.outputs["kubeconfig"]) as api:
            for name in names:
                body = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
                api.create(NAMESPACES, body)

    def empty(self, *names: str) -> None:
        with kube.client(self.outputs["kubeconfig"]) as api:
            for name in names:
                api.delete(f"{NAMESPACES}/{name}")
        self.until(lambda: not self.named(*names))

    def named(self, *names: str) -> list[str]:
        found = self.with_cluster(lambda api: api.list(NAMESPACES))
        return [item["metadata"]["name"] for item in found if item["metadata"]["name"] in names]

    def ask(self, method: str, path: str, body: object = None) -> tuple[int, Any]:
        """Ask Rancher; returns status and answer."""
        url = urlsplit(self.outputs["rancherUrl"])
        context = ssl.create_default_context(cadata=self.outputs["caBundle"])
        with socket.create_connection((self.outputs["vip"], url.port or 443), timeout=60) as plain:
            connection = http.client.HTTPSConnection(str(url.hostname), url.port)
            connection.sock = context.wrap_socket(plain, server_hostname=url.hostname)
            headers = {"Authorization": f"Bearer {self.outputs['rancherToken']}"}
            connection.request(method, path, json.dumps(body) if body else None, headers)
            response = connection.getresponse()
            return response.status, json.loads(response.read())

    def cluster(self, name: str) -> str:
        """Import a cluster as the fleet does; returns its id."""
        body = {"type": "cluster", "name": name, "annotations": {FLEET: "night"}}
        status, made = self.ask("POST", "/v3/clusters", body)
        assert status == 201, made
        return str(made["id"])

    @staticmethod
    def until(done: Callable[[], object], seconds: float = 120) -> None:
        end = time.monotonic() + seconds
        while not done():
            assert time.monotonic() < end
            time.sleep(0.3)


@pytest.fixture(scope="module")
def night(site: Site, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Night]:
    """The stack with a brake that closes a few namespaces from now."""
    engine = site.engine
    made = Night(site, tmp_path_factory.mktemp("night"), engine.outputs())
    now = len(made.namespaces())
    share = 100 / 256
    site.configure(
        engine,
        sprawlBrake=["quota", "admission"],
        brakeOpenPercent=str(int((now + 10) * share)),
        brakeClosePercent=str(int((now + 20) * share)),
    )
    try:
        done = engine.run("up", "--yes", "--skip-preview", check=False)
        assert done.returncode == 0, done.stdout
        made.outputs = engine.outputs()
        yield made
    finally:
        site.configure(engine, sprawlBrake=None, brakeOpenPercent=None, brakeClosePercent=None)
        engine.run("up", "--yes", "--skip-preview")


def test_the_job_closes_and_opens_the_brake_with_hysteresis(night: Night) -> None:
    assert night.verdict()["mode"] == "fleet-only"
    many = [f"sprawl-{number}" for number in range(22)]
    night.fill(*many)
    code, report, metrics = night.check()
    assert code == 3, report
    assert re.search(r"- brake: fleet-only -> closed since .* pod subnets are taken", report), report
    assert 'rancher_pks_brake_mode{mode="closed",stack="lab"} 1.0' in metrics
    closed = night.verdict()
    assert closed["mode"] == "closed"
    status, refused = night.ask("POST", "/v3/clusters", {"type": "cluster", "name": "late"})
    assert (status, "the sprawl brake is closed" in str(refused)) == (403, True), refused

    night.empty(*many[:8])  # below where it closes, above where it opens
    code, report, _ = night.check()
    assert (code, "### `lab`: brake closed\n" in report) == (3, True), report
    assert night.verdict()["since"] == closed["since"]

    night.empty(*many[8:])
    code, report, metrics = night.check()
    assert (code, "- brake: closed -> fleet-only since" in report) == (3, True), report
    assert night.verdict()["mode"] == "fleet-only"
    assert 'rancher_pks_brake_mode{mode="closed",stack="lab"} 0.0' in metrics


def test_reclaim_removes_what_deleted_clusters_left_and_nothing_else(night: Night) -> None:
    alive = night.cluster("alive")
    night.until(lambda: sum(name.startswith(alive) for name in night.namespaces()) == 3)
    leaking = night.site.lab.faults
    leaking.write_text(json.dumps({"rancher": {"setup_seconds": 20.0}}))
    try:
        gone = night.cluster("gone")
        night.until(lambda: sum(name.startswith(gone) for name in night.namespaces()) == 3)
        assert night.ask("DELETE", f"/v3/clusters/{gone}")[0] == 200
    finally:
        leaking.unlink()
    night.fill("c-mysql", "c-redis-p-abcde")  # names that Rancher could have given
    before = night.namespaces()
    leaked = {name for name in before if name.startswith(gone)}
    assert len(leaked) == 3
    try:
        time.sleep(3)  # longer than Rancher takes to remove what it removes
        code, report, metrics = night.check("--reclaim")
        assert (code, "### `lab`: leaked namespaces\n" in report) == (3, True), report
        for name in leaked:
            command = f"- `kubectl delete namespace {name}` (of cluster {gone}; not removed by `--reclaim`: "
            assert command + "it is too young" in report, report
        assert 'rancher_pks_surviving_namespaces{stack="lab"} 3.0' in metrics
        assert "c-mysql" not in report

        assert night.namespaces() == before
        code, report, metrics = night.check("--reclaim", "--least-age", "0")
        assert (code, "#### Reclaimed" in report) == (0, True), report
        assert 'rancher_pks_surviving_namespaces{stack="lab"} 0.0' in metrics
        night.until(lambda: night.namespaces() == before - leaked)
    finally:
        night.ask("DELETE", f"/v3/clusters/{alive}")
        night.empty("c-mysql", "c-redis-p-abcde")
