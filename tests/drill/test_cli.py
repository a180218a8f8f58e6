"""The command: confirmation, refusals, exit codes, table and JSON."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest

from components.rancher.endpoint import RancherEndpoint
from drill import __main__ as command
from drill.drills import Undo
from drill.environment import Environment
from drill.note import Note
from drill.runner import Limits
from tests.drill.fake_cluster import TOGETHER, FakeCluster

FAST = ["--settle", "0.05", "--interval", "0.01", "--timeout", "0.5"]
ENVIRONMENT = Environment(
    "rancher-prod",
    "service-instance_1",
    RancherEndpoint(address="10.50.0.79", port=443, hostname="rancher.example.com", ca_bundle="PEM"),
    "",
)


class Site:
    """The command in a directory of its own, against a cluster in memory."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, directory: Path) -> None:
        self._patch = monkeypatch
        self.cluster = FakeCluster()
        self.note = directory / "note.json"
        monkeypatch.setattr(command, "LiveCluster", lambda _environment: self.cluster)
        monkeypatch.setattr(command, "read", lambda *_args, **_options: ENVIRONMENT)
        monkeypatch.setattr(command, "LIMITS", Limits(kubernetes_interval=0.02, pause=0.01))

    def run(self, *arguments: str) -> int:
        """The exit code."""
        self._patch.setattr("sys.argv", ["drill", "--note", str(self.note), *FAST, *arguments])
        return command.main()


@pytest.fixture
def site(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Site:
    return Site(monkeypatch, tmp_path)


class _Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_all_drills_pass(site: Site, capsys: pytest.CaptureFixture[str]) -> None:
    assert site.run("--yes", "--all-hosts", "--format", "json") == 0
    found = json.loads(capsys.readouterr().out)
    assert found["passed"]
    assert [item["drill"] for item in found["drills"]] == ["pod", "worker", "master", *["host"] * 3]
    for item in found["drills"]:
        assert item["mastersDown"] <= 1
        assert item["workersDown"] <= 1
        assert item["rancher"]["requests"] > 0
    assert site.cluster.off == set()


def test_a_failing_drill_gives_exit_code_1_and_says_why(
    site: Site, capsys: pytest.CaptureFixture[str]
) -> None:
    site.cluster = FakeCluster(TOGETHER)
    assert site.run("--yes", "--only", "host", "--timeout", "0.01") == 1
    out = capsys.readouterr().out
    assert "FAILED" in out
    assert "host esx-1: 2 masters were down at once: they are not kept on different hosts" in out
    assert site.cluster.off == set()


def test_nothing_is_broken_without_confirmation(
    site: Site, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO())
    assert site.run() == 2
    assert "standard input is not a terminal. Give --yes" in capsys.readouterr().err
    monkeypatch.setattr("sys.stdin", _Terminal("yes\n"))
    assert site.run() == 2
    output = capsys.readouterr().err
    assert "ESXi host esx-1: this ESXi host for the cluster, with 1 master and 1 worker" in output
    assert "not confirmed; nothing was broken" in output
    assert site.cluster.calls == []
    monkeypatch.setattr("sys.stdin", _Terminal("rancher-prod\n"))
    assert site.run("--only", "pod") == 0


def test_a_cluster_with_problems_is_refused(site: Site, capsys: pytest.CaptureFixture[str]) -> None:
    site.cluster.power(["vm-w2"], on=False)
    site.cluster.fail_requests = lambda _cluster: True
    assert site.run("--yes") == 2
    output = capsys.readouterr().err
    assert "the cluster has problems, so nothing was broken:" in output
    assert "worker vm-w2 on esx-2 does not run" in output
    assert "Rancher: HTTP: status 503" in output
    assert site.cluster.calls == ["power off vm-w2"]


def test_what_a_killed_run_broke_is_restored_first(site: Site, capsys: pytest.CaptureFixture[str]) -> None:
    site.cluster.power(["vm-w2"], on=False)
    with Note(site.note) as note:
        note.write("worker vm-w2", Undo(vms=("vm-w2",)))
    assert site.run("--yes", "--only", "pod") == 0
    assert "the last run broke worker vm-w2 and did not restore it: restoring" in capsys.readouterr().err
    assert site.cluster.calls == ["power off vm-w2", "power on vm-w2", "delete p0"]


def test_after_such_a_restoration_rancher_must_answer_before_anything_is_broken(
    site: Site, capsys: pytest.CaptureFixture[str]
) -> None:
    """A load balancer sends requests to nowhere until it has noticed that the VM is back."""
    site.cluster.power(["vm-w2"], on=False)
    remaining = iter([True] * 5)
    site.cluster.fail_requests = lambda cluster: not cluster.off and next(remaining, False)
    with Note(site.note) as note:
        note.write("worker vm-w2", Undo(vms=("vm-w2",)))
    assert site.run("--yes", "--only", "pod", "--format", "json") == 0
    [pod] = json.loads(capsys.readouterr().out)["drills"]
    assert pod["rancher"]["failures"] == 0


def test_two_drills_of_one_cluster_exclude_each_other(site: Site, capsys: pytest.CaptureFixture[str]) -> None:
    with Note(site.note):
        assert site.run("--yes") == 2
    assert "another drill of this cluster is running" in capsys.readouterr().err
    assert site.cluster.calls == []


def test_an_interrupted_run_shows_its_results_and_restores(
    site: Site, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupt(call: str) -> None:
        if call.startswith("power off"):
            raise KeyboardInterrupt

    site.cluster.on_call = interrupt
    assert site.run("--yes", "--only", "pod,worker") == 130
    assert "passed" in capsys.readouterr().out
    assert site.cluster.off == set()


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["--only", "pod,cable"], "'cable' is not a drill; use pod, worker, master, host"),
        (["--max-gap", "0"], "'0' is not a number above 0"),
        (["--host-down-command", "x 'y"], "is not a command line (No closing quotation)"),
        (["--host-down-command", "x"], "--host-down-command and --host-up-command go together"),
    ],
)
def test_bad_arguments(
    site: Site, capsys: pytest.CaptureFixture[str], arguments: list[str], expected: str
) -> None:
    try:
        code = site.run("--yes", *arguments)
    except SystemExit as error:
        code = int(str(error.code))
    assert code == 2
    assert expected in capsys.readouterr().err


def test_a_note_that_cannot_be_read_is_an_error(site: Site, capsys: pytest.CaptureFixture[str]) -> None:
    site.note.write_text("{")
    assert site.run("--yes") == 2
    assert "cannot be read. Power on the cluster's VMs that are off" in capsys.readouterr().err
