"""``python -m capacity export``, judged by promtool and a real Prometheus: alerts and dashboard work."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from capacity.model.assessment import assess
from capacity.model.plan import Block, Demand, Network, Plan
from capacity.report.metrics import exposition
from domain.brake_state import BrakeState
from tests.config import REPO
from tests.servers import ADDRESS, Request, Response, serve

MONITORING = REPO / "docs" / "monitoring"

pytestmark = pytest.mark.skipif(
    shutil.which("prometheus") is None and not os.environ.get("REQUIRE_PROMETHEUS"),
    reason="needs Prometheus (Debian package prometheus)",
)


def export(*arguments: str) -> str:
    command = [sys.executable, "-m", "capacity", "export", "--stack", "prod", *arguments]
    return subprocess.run(command, cwd=REPO, capture_output=True, text=True, check=True).stdout


STATE = {"mode": "closed", "since": "2026-03-01T03:23:00Z", "reason": "245 of 256", "headroom": "11 left"}
SURVIVING = """\
# HELP rancher_pks_surviving_namespaces Namespaces found that survived their cluster.
# TYPE rancher_pks_surviving_namespaces gauge
rancher_pks_surviving_namespaces{stack="prod"} 0.0
# EOF"""


def brake(directory: Path, mode: str) -> tuple[str, str]:
    """The flag with the state of the brake."""
    file = directory / f"{mode}.json"
    file.write_text(json.dumps({**STATE, "mode": mode}))
    return "--brake", str(file)


def test_promtool_accepts_the_metrics(tmp_path: Path) -> None:
    every = (
        *brake(tmp_path, "closed"),
        *("--imported", "40", "--leaked", "2", "--measured-at", "2026-01-31", "--reserve", "10"),
        *(
            "--tier1-limit",
            "9",
            "--segment-limit",
            "999",
            "--floating-ips",
            "300",
            "--node-block",
            "10.9.0.0/16",
        ),
    )
    for arguments in ((), every):
        command = ["promtool", "check", "metrics"]
        subprocess.run(command, input=export(*arguments), text=True, check=True)


@pytest.mark.parametrize("stack", ['a"b', "back\\slash", "two\nlines", "organization/rancher/größe", ""])
def test_any_name_of_a_stack_is_a_label(stack: str) -> None:
    command = ["promtool", "check", "metrics"]
    subprocess.run(command, input=export("--stack", stack), text=True, check=True)


def test_the_file_is_replaced(tmp_path: Path) -> None:
    file = tmp_path / "rancher.prom"
    file.write_text("old")
    assert export("--output", str(file)) == f"wrote {file}\n"
    assert file.read_text().endswith("# EOF\n")
    assert list(tmp_path.iterdir()) == [file]


def test_the_brake_is_exported(tmp_path: Path) -> None:
    text = export(*brake(tmp_path, "closed"))
    assert 'rancher_pks_brake_mode{mode="closed",stack="prod"} 1.0' in text
    assert 'rancher_pks_brake_mode{mode="fleet-only",stack="prod"} 0.0' in text
    assert 'rancher_pks_brake_since_seconds{stack="prod"} 1.77233538e+09' in text
    assert "rancher_pks_brake" not in export()


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"mode": "shut"}', '{"mode": 1}', "[" * 100_000])
def test_a_state_that_is_none_is_refused(tmp_path: Path, content: str) -> None:
    file = tmp_path / "brake.json"
    file.write_text(content)
    command = [sys.executable, "-m", "capacity", "export", "--brake", str(file)]
    done = subprocess.run(command, cwd=REPO, capture_output=True, text=True, check=False)
    assert (done.returncode, "Traceback" in done.stderr) == (2, False)
    assert "no state of the sprawl brake" in done.stderr
    assert "Give the stack output sprawlBrake" in done.stderr


def test_a_wrong_day_is_refused() -> None:
    command = [sys.executable, "-m", "capacity", "export", "--measured-at", "31.1.2026"]
    done = subprocess.run(command, cwd=REPO, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "--measured-at" in done.stderr


def test_promtool_tests_the_alerts() -> None:
    command = ["promtool", "test", "rules", "rules.test.yaml"]
    done = subprocess.run(command, cwd=MONITORING, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


class Prometheus:
    """A running Prometheus."""

    def __init__(self, port: int) -> None:
        self._base = f"http://{ADDRESS}:{port}/api/v1"

    def get(self, path: str, **query: str) -> Any:
        answer = httpx.get(f"{self._base}/{path}", params=query, timeout=30)
        answer.raise_for_status()
        return answer.json()["data"]

    def firing(self) -> set[str]:
        alerts = self.get("alerts")["alerts"]
        return {alert["labels"]["alertname"] for alert in alerts if alert["state"] == "firing"}

    def until(self, what: str, *, firing: bool) -> None:
        deadline = time.monotonic() + 120
        while (what in self.firing()) != firing:
            assert time.monotonic() < deadline, f"{what}: still {self.firing()}"
            time.sleep(0.2)


@contextmanager
def prometheus(directory: Path, target: str) -> Iterator[Prometheus]:
    """One that scrapes a target each second; the alerts wait for nothing, so that the test need not."""
    rules = yaml.safe_load((MONITORING / "rules.yaml").read_text())
    for rule in rules["groups"][0]["rules"]:
        rule.pop("for", None)
    (directory / "rules.yaml").write_text(yaml.safe_dump(rules))
    config = {
        "global": {"scrape_interval": "1s", "evaluation_interval": "1s"},
        "rule_files": ["rules.yaml"],
        "scrape_configs": [{"job_name": "textfile", "static_configs": [{"targets": [target]}]}],
    }
    (directory / "prometheus.yaml").write_text(yaml.safe_dump(config))
    with socket.socket() as free:
        free.bind((ADDRESS, 0))
        port = free.getsockname()[1]
    command = [
        *("prometheus", "--config.file=prometheus.yaml", "--storage.tsdb.path=data", "--log.level=warn"),
        f"--web.listen-address={ADDRESS}:{port}",
    ]
    with (directory / "log").open("w") as log:
        process = subprocess.Popen(command, cwd=directory, stdout=log, stderr=log)
        try:
            found = Prometheus(port)
            deadline = time.monotonic() + 120
            while True:
                assert process.poll() is None, (directory / "log").read_text()
                assert time.monotonic() < deadline
                try:
                    if found.get("query", query="rancher_pks_fits")["result"]:
                        break
                except httpx.HTTPError:
                    pass
                time.sleep(0.2)
            yield found
        finally:
            process.terminate()
            process.wait()


def queries(panels: list[dict[str, Any]]) -> Iterator[tuple[str, str]]:
    for panel in panels:
        for target in panel["targets"]:
            yield panel["title"], target["expr"].replace("$stack", ".*")


def test_a_real_prometheus_fires_resolves_and_feeds_the_dashboard(tmp_path: Path) -> None:
    fits = export(
        *("--imported", "40", "--imports-per-month", "2", "--measured-at", "2026-01-31"),
        *brake(tmp_path, "fleet-only"),
    )
    exceeds = export("--imported", "70", "--leaked", "3", "--measured-at", "2026-01-31")
    closed = exposition(
        assess(Plan(network=Network(blocks=(Block(cidr="172.16.0.0/16"),)), demands=(Demand(),))),
        stack="prod",
        measured_at=None,
        exported_at=datetime.now(UTC),
        brake=BrakeState.of(STATE),
        surviving=2,
    )
    opened = fits.replace("# EOF", SURVIVING)
    shown = [opened]

    def answer(_request: Request) -> Response:
        kind = "application/openmetrics-text; version=1.0.0; charset=utf-8"
        return Response(body=shown[0], headers={"Content-Type": kind})

    with serve(answer) as server, prometheus(tmp_path, f"{ADDRESS}:{server.port}") as found:
        board = json.loads((MONITORING / "dashboard.json").read_text())
        for title, query in queries(board["panels"]):
            assert found.get("query", query=query)["result"], f"{title}: {query}"
        assert "RancherPlanExceedsPodNetwork" not in found.firing()
        shown[0] = exceeds
        found.until("RancherPlanExceedsPodNetwork", firing=True)
        found.until("RancherNamespacesLeaked", firing=True)
        assert not {"RancherSprawlBrakeClosed", "RancherNamespacesSurvived"} & found.firing()
        shown[0] = closed
        found.until("RancherSprawlBrakeClosed", firing=True)
        found.until("RancherNamespacesSurvived", firing=True)
        shown[0] = opened
        found.until("RancherSprawlBrakeClosed", firing=False)
        found.until("RancherNamespacesSurvived", firing=False)
        found.until("RancherPlanExceedsPodNetwork", firing=False)
        found.until("RancherNamespacesLeaked", firing=False)
