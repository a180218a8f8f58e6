"""Which VMs a rule holds, and when none can be made."""

# mypy: disable-error-code="no-untyped-call"
# (pyVmomi makes its classes when they are used)
from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

import pytest
from pyVmomi import vim

from components.placement.virtual_machines import VirtualMachinesProvider
from components.runtime.errors import ProviderError
from tests.placement.fake_vcenter import FakeVCenter

DEPLOYMENT = "service-instance_1"
POOLS = ["worker-tiny-1", "worker-tiny-1", "worker-medium-2"]


def inputs(**changes: Any) -> dict[str, Any]:
    return {
        "role": "worker",
        "deployment": DEPLOYMENT,
        "source": "bosh",
        "names": ["vm-a", "vm-b"],
        "datacenter": "",
        "compute_clusters": [],
        "mode": "must",
        "triggers": [],
        "machines": None,
        **changes,
    }


@pytest.fixture
def provider(configured: Callable[..., Any], fake: FakeVCenter) -> VirtualMachinesProvider:
    fake.machine("vm-a", "c0-h0")
    fake.machine("vm-b", "c0-h1")
    made: VirtualMachinesProvider = configured(VirtualMachinesProvider)
    return made


def refusal(provider: VirtualMachinesProvider, **changes: Any) -> str:
    with pytest.raises(ProviderError) as caught:
        provider.create(inputs(**changes))
    return str(caught.value)


def test_names_of_bosh_are_found_in_vcenter(provider: VirtualMachinesProvider, fake: FakeVCenter) -> None:
    made = provider.create(inputs())
    assert made.id == "service-instance_1/worker"
    known = made.outs or {}
    assert known["machines"] == [
        {"name": name, "uuid": f"uuid-{name}", "cluster": "C0", "cluster_id": "c0"}
        for name in ("vm-a", "vm-b")
    ]
    assert provider.read(made.id, known).outs == known
    assert not provider.diff(made.id, known, inputs()).changes
    assert provider.diff(made.id, known, inputs(names=["vm-a", "vm-c"])).changes


def test_a_vm_that_vcenter_does_not_show(
    provider: VirtualMachinesProvider, caplog: pytest.LogCaptureFixture
) -> None:
    text = refusal(provider, names=["vm-a", "vm-z"], datacenter="DC0")
    assert text.startswith(
        "vm-z: BOSH has worker VMs with these names in service-instance_1, but vCenter vc, dat"
    )
    known = provider.create(inputs()).outs or {}
    with caplog.at_level(logging.WARNING, "rancher-on-pks"):
        live = provider.read("id", {**known, "names": ["vm-a", "vm-z"]})
    assert [item["name"] for item in (live.outs or {})["machines"]] == ["vm-a"]
    assert "vm-z: BOSH has worker VMs" in caplog.text
    assert provider.read("id", {**known, "names": ["vm-z"]}).id == ""


def test_a1_job_attributes_of_node_pools(provider: VirtualMachinesProvider, fake: FakeVCenter) -> None:
    for number, job in enumerate([*POOLS, "worker"]):
        fake.machine(f"vm-{number}", f"c0-h{number % 3}", job=job)
    fake.machine("vm-other", "c0-h0", job="worker", deployment="service-instance_2")
    made = provider.create(inputs(source="attributes", names=None, mode="should")).outs or {}
    assert [item["name"] for item in made["machines"]] == ["vm-0", "vm-1", "vm-2", "vm-3"]


def test_a1_windows_pools_are_reported_by_name(
    provider: VirtualMachinesProvider, fake: FakeVCenter, caplog: pytest.LogCaptureFixture
) -> None:
    fake.machine("vm-l", "c0-h0", job="worker")
    fake.machine("vm-m", "c0-h0", job="master")
    fake.machine("vm-w", "c0-h1", job="windows-worker-a")
    with caplog.at_level(logging.WARNING, "rancher-on-pks"):
        for role in ("master", "worker"):
            provider.create(inputs(source="attributes", names=None, role=role))
    # vm-a and vm-b have no job.
    assert caplog.text.count("no anti-affinity rule holds the 1 VM of the Windows pool windows-worker-a") == 1
    assert caplog.text.count("no anti-affinity rule holds the 2 VMs of the instance group without") == 1


def test_no_vm_with_the_attributes(provider: VirtualMachinesProvider) -> None:
    text = refusal(provider, source="attributes", names=None, deployment="service-instance_9")
    assert (
        "shows no VM with the custom attributes deployment = service-instance_9 and job = worker or work"
        in text
    )


def test_a12_a_machine_that_cannot_be_read_is_reported(
    provider: VirtualMachinesProvider, fake: FakeVCenter, caplog: pytest.LogCaptureFixture
) -> None:
    known = provider.create(inputs()).outs or {}
    fake.machine("vm-b", None, uuid=None)
    assert refusal(provider).startswith("vm-b (worker): vCenter cannot read these VMs; they may be orphaned")
    with caplog.at_level(logging.WARNING, "rancher-on-pks"):
        assert provider.read("id", known).outs == known
    assert "the VMs of id are not checked: vm-b cannot be read" in caplog.text


def test_a11_clusters_of_one_name(provider: VirtualMachinesProvider, fake: FakeVCenter) -> None:
    fake.datacenter("dc1", "DC1")
    fake.cluster("c1", "C0", "dc1")
    [first, _] = (provider.create(inputs()).outs or {})["machines"]
    assert (first["cluster"], first["cluster_id"]) == ("DC0/C0", "c0")
    fake.machine("vm-c", "c1-h0")
    three = ["vm-a", "vm-b", "vm-c"]
    assert '["DC0/C0", "DC1/C0"]' in refusal(provider, names=three)
    made = provider.create(inputs(names=three, compute_clusters=["DC0/C0", "DC1/C0"])).outs or {}
    assert [item["cluster_id"] for item in made["machines"]] == ["c0", "c0", "c1"]
    assert "2 vSphere clusters 'C0'. Use one of DC0/C0, DC1/C0" in refusal(provider, compute_clusters=["C0"])


def test_a_cluster_that_was_renamed_is_reported_at_a_refresh(
    provider: VirtualMachinesProvider, caplog: pytest.LogCaptureFixture
) -> None:
    known = provider.create(inputs()).outs or {}
    with caplog.at_level(logging.WARNING, "rancher-on-pks"):
        live = provider.read("id", {**known, "compute_clusters": ["C9"]}).outs or {}
    assert live["machines"] == known["machines"]
    assert "warning: vCenter has no vSphere cluster 'C9'; it has C0" in caplog.text


def test_vms_of_one_name_in_two_datacenters(provider: VirtualMachinesProvider, fake: FakeVCenter) -> None:
    fake.machine("vm-a", "c0-h0", id_="another")
    assert refusal(provider) == (
        "vm-a (worker): vCenter has several VMs of this name. Set the datacenter of the cluster"
    )


def test_too_few_hosts(
    provider: VirtualMachinesProvider, fake: FakeVCenter, caplog: pytest.LogCaptureFixture
) -> None:
    for name in ("vm-c", "vm-d"):
        fake.machine(name, "c0-h2")
    four = ["vm-a", "vm-b", "vm-c", "vm-d"]
    assert "C0 has 3 hosts in service for 4 workers" in refusal(provider, names=four)
    with caplog.at_level(logging.WARNING, "rancher-on-pks"):
        provider.create(inputs(names=four, mode="should"))
    assert "warning: vSphere cluster C0 has 3 hosts in service for 4 workers" in caplog.text


def test_a_host_outside_of_any_cluster(provider: VirtualMachinesProvider, fake: FakeVCenter) -> None:
    fake.add(vim.HostSystem, "alone", "dc0-host", name="alone", runtime_connectionState="connected")
    fake.machine("vm-b", "alone")
    assert refusal(provider).startswith("vm-b (worker): on a host outside of any vSphere cluster")
