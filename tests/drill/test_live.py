"""Which VMs of vCenter a drill sees."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest

from domain.credentials import Login
from drill import __main__ as command
from drill.environment import environment
from drill.live_cluster import LiveCluster
from drill.runner import judge
from drill.snapshot import ClusterVm
from drill.statistics import Statistics
from tests.drill.fake_cluster import VMS, FakeCluster
from tests.drill.test_environment import OUTPUTS
from tests.placement.fake_vcenter import FakeVCenter, login, serve


def test_a1_node_pools_are_workers_and_windows_pools_keep_their_name(monkeypatch: pytest.MonkeyPatch) -> None:
    fake = FakeVCenter()
    fake.datacenter("dc0", "DC0")
    fake.cluster("c0", "C0", "dc0")
    serve(fake, monkeypatch)
    found = environment(OUTPUTS, {}, dict, with_vcenter=False)
    access: Login = login()
    jobs = ("master", "worker", "worker-tiny-1", "windows-worker-a", "compilation-7", "")
    for number, job in enumerate(jobs):
        fake.machine(f"vm-{number}", "c0-h0", job=job, deployment=found.deployment)
    vms = LiveCluster(replace(found, vcenter=access))._vms()
    assert [(item.name, item.role) for item in vms] == [
        ("vm-0", "master"),
        ("vm-1", "worker"),
        ("vm-2", "worker"),
        ("vm-3", "windows-worker-a"),
    ]


def test_a1_windows_pools_are_reported_and_need_no_rule(capsys: pytest.CaptureFixture[str]) -> None:
    windows = tuple(ClusterVm(f"vm-x{number}", "windows-worker-a", "esx-1") for number in range(2))
    snapshot = command._working(FakeCluster(vms=(*VMS, *windows)), with_vcenter=True)
    assert snapshot.vms_down() == {}
    assert "holds the 2 VMs of the Windows pool windows-worker-a" in capsys.readouterr().err
    whole = Statistics(1, 0, 0.0, 0.0, 0.0, ())
    assert list(judge(Counter({"windows-worker-a": 2}), whole, whole, 5)) == []
    assert list(judge(Counter({"worker": 2}), whole, whole, 5)) != []
