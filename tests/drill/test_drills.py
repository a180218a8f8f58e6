"""What is drilled, and when a loss counts as recovered."""

from __future__ import annotations

from dataclasses import replace

import pytest

from drill import drills
from drill.drills import HostCommands, Kind, PlannedDrill
from drill.snapshot import Pod, Snapshot
from tests.drill.fake_cluster import TOGETHER, VMS, FakeCluster

WHOLE = FakeCluster().snapshot()


def without(*names: str, **changes: object) -> Snapshot:
    """The environment with some VMs down."""
    cluster = FakeCluster()
    cluster.power(names, on=False)
    return replace(cluster.snapshot(), **changes)  # type: ignore[arg-type]


def test_the_host_whose_loss_is_worst_comes_first() -> None:
    view = FakeCluster(TOGETHER).snapshot()
    assert drills.hosts(view) == ["esx-1", "esx-3"]
    assert [str(target) for target in drills.plan(["host", "pod"], view, all_hosts=False)] == [
        "a Rancher pod",
        "ESXi host esx-1",
    ]
    assert len(drills.plan(drills.KINDS, WHOLE, all_hosts=True)) == 6


@pytest.mark.parametrize(
    ("kind", "breaks"),
    [
        ("pod", "this Rancher pod"),
        ("worker", "this worker VM, on esx-1"),
        ("host", "this ESXi host for the cluster, with 2 masters and 2 workers"),
    ],
)
def test_the_effect_is_described(kind: Kind, breaks: str) -> None:
    drill = PlannedDrill(kind, "esx-1").drill(FakeCluster(TOGETHER).snapshot(), HostCommands())
    assert drill.effect == breaks


def test_a_worker_is_recovered_when_rancher_has_all_pods_without_it() -> None:
    drill = drills.vm("worker", WHOLE)
    unnoticed = without("vm-w1", nodes=WHOLE.nodes)
    assert drill.missing(unnoticed, WHOLE) == "Kubernetes has not noticed that the node is down"
    two = (*WHOLE.ranchers[:2], Pod("p3", "p3", ready=False))
    assert drill.missing(without("vm-w1", ranchers=two), WHOLE) == "2 of 3 Rancher pods are ready"
    assert drill.missing(without("vm-w1"), WHOLE) == ""
    assert drill.missing(WHOLE, WHOLE) == ""  # HA was faster than Kubernetes
    assert drill.missing(replace(WHOLE, kubernetes_error="API: no answer"), WHOLE) == "API: no answer"


def test_a_pod_is_recovered_when_another_is_ready_in_its_place() -> None:
    drill = drills.pod(WHOLE)
    assert drill.missing(WHOLE, WHOLE) == "pod p0 still exists"
    assert (
        drill.missing(replace(WHOLE, ranchers=WHOLE.ranchers[1:]), WHOLE) == "2 of 3 Rancher pods are ready"
    )
    assert drill.missing(replace(WHOLE, ranchers=(*WHOLE.ranchers[1:], Pod("p3", "p3"))), WHOLE) == ""


def test_problems_name_everything_that_does_not_work() -> None:
    cluster = FakeCluster(VMS[:-1])
    cluster.power(["vm-w1"], on=False)
    view = replace(cluster.snapshot(), controllers=(Pod("nginx-1", "n1", ready=False),), ranchers=())
    assert list(view.problems(WHOLE)) == [
        "worker vm-w1 on esx-1 does not run",
        "vCenter shows 2 of 3 workers",
        "node vm-w1 is not ready",
        "0 of 3 Rancher pods are ready",
        "ingress pod nginx-1 is not ready",
        "there are 2 of 3 nodes",
    ]
    assert list(WHOLE.problems()) == []
    assert list(replace(WHOLE, kubernetes_error="API: no answer").problems()) == ["API: no answer"]


@pytest.mark.parametrize("name", ["esx 1", "esx'1", 'esx"1', "esx;rm -rf", "$(id)", "esx\\1"])
def test_a_hosts_name_stays_within_one_argument(name: str) -> None:
    vms = tuple(replace(item, host=name) for item in VMS)
    commands = HostCommands(("ipmitool", "-H", "{host}-bmc", "off"), ("ipmitool", "-H", "{host}-bmc", "on"))
    drill = drills.host(name, FakeCluster(vms).snapshot(), commands)
    assert drill.undo.command == ("ipmitool", "-H", f"{name}-bmc", "on")
