"""What is read from vCenter's answers, even with properties missing."""

# mypy: disable-error-code="no-untyped-call"
# (pyVmomi makes its classes when they are used)
from __future__ import annotations

from typing import Any

import pytest
from pyVmomi import vim

from components.placement.vcenter import VCenter
from components.runtime.errors import ProviderError
from tests.placement.fake_vcenter import FakeVCenter, login


def vcenter(fake: FakeVCenter, datacenter: str = "") -> VCenter:
    return VCenter(fake.content, login(), datacenter)


def anti_affinity(*machines: Any, name: str = "one PKS cluster") -> Any:
    return vim.cluster.AntiAffinityRuleSpec(name=name, key=7, vm=list(machines))


def test_clusters_and_machines(fake: FakeVCenter) -> None:
    fake.machine("vm-a", "c0-h1", job="master")
    [cluster] = vcenter(fake).clusters()
    assert (cluster.id, cluster.name, cluster.hosts, cluster.drs) == ("c0", "C0", 3, True)
    assert cluster.datacenter == ("DC0",)
    [machine] = vcenter(fake).machines()
    assert machine.attributes == {"deployment": "service-instance_1", "job": "master"}
    assert (machine.uuid, machine.cluster, machine.host) == ("uuid-vm-a", cluster, "esxi1")
    assert machine.running
    assert machine.readable


def test_a12_whatever_vcenter_leaves_out_is_no_crash(fake: FakeVCenter) -> None:
    fake.machine("vm-orphan", None, uuid=None)
    fake.machine("vm-no-host", None)
    fake.cluster("c1", None, "dc0", hosts=0, drs=None)
    found = {machine.name: machine for machine in vcenter(fake).machines()}
    assert not found["vm-orphan"].readable
    assert not found["vm-no-host"].readable
    assert not found["vm-orphan"].running
    assert [(cluster.name, cluster.hosts, cluster.drs) for cluster in vcenter(fake).clusters()] == [
        ("C0", 3, True),
        ("c1", 0, True),
    ]
    fake.rule("c0")
    assert vcenter(fake).remove_rule("c0", "one", []) is False
    assert vcenter(fake).remove_rule("c1", "one", []) is False


def test_an_existing_rule_for_these_machines_is_removed(fake: FakeVCenter) -> None:
    machines = [fake.machine(name, "c0-h0") for name in ("vm-a", "vm-b")]
    fake.rule("c0", anti_affinity(*machines, name="other"), anti_affinity(*machines))
    assert vcenter(fake).remove_rule("c0", "one PKS cluster", ["uuid-vm-a", "uuid-vm-b", "uuid-vm-c"])
    [(cluster, spec)] = fake.reconfigured
    assert (cluster, spec.rulesSpec[0].operation, spec.rulesSpec[0].removeKey) == ("c0", "remove", 7)


def test_an_existing_rule_of_others_stays(fake: FakeVCenter) -> None:
    fake.rule("c0", anti_affinity(fake.machine("vm-x", "c0-h0"), fake.machine("vm-a", "c0-h0")))
    with pytest.raises(ProviderError, match=r"already has a rule 'one PKS cluster' for vm-x, so it may not"):
        vcenter(fake).remove_rule("c0", "one PKS cluster", ["uuid-vm-a"])
    fake.rule(
        "c0", vim.cluster.AffinityRuleSpec(name="one PKS cluster", key=7, vm=[fake.machine("vm-z", None)])
    )
    with pytest.raises(ProviderError, match="'one PKS cluster' of another kind"):
        vcenter(fake).remove_rule("c0", "one PKS cluster", [])
    assert fake.reconfigured == []


def test_a12_a_machine_without_config_in_an_existing_rule_is_reported(fake: FakeVCenter) -> None:
    orphan = fake.machine("vm-x", None, uuid=None)
    invisible = vim.VirtualMachine("id-gone", fake)
    fake.rule("c0", anti_affinity(fake.machine("vm-a", "c0-h0"), orphan, invisible))
    with pytest.raises(ProviderError, match=r"with VMs that cannot be read \(id-gone, vm-x\), so it may"):
        vcenter(fake).remove_rule("c0", "one PKS cluster", ["uuid-vm-a"])
    assert fake.reconfigured == []


def test_a13_names_are_shown_as_in_the_client(fake: FakeVCenter) -> None:
    fake.datacenter("dc1", "Lab%2fEast")
    fake.cluster("c1", "Cluster DEV%2fQA", "dc1")
    fake.cluster("c2", "100%25 %5c", "dc1")
    fake.machine("vm%2f1", "c1-h0")
    names = [(*cluster.datacenter, cluster.name) for cluster in vcenter(fake).clusters()]
    assert names == [("DC0", "C0"), ("Lab/East", "100% \\"), ("Lab/East", "Cluster DEV/QA")]
    for name in ("Lab/East", "Lab%2fEast", "Lab%2FEast"):
        found = vcenter(fake, name).clusters()
        assert [cluster.id for cluster in found] == ["c2", "c1"]
    assert vcenter(fake).machines()[0].name == "vm/1"


def test_a11_datacenters_of_one_name(fake: FakeVCenter) -> None:
    for number in (1, 2):
        fake.folder(f"f{number}", f"Site {number}")
        fake.datacenter(f"dc{number}", "Prod", f"f{number}")
        fake.cluster(f"c{number}", "C0", f"dc{number}")
    assert [cluster.id for cluster in vcenter(fake, "Site 2/Prod").clusters()] == ["c2"]
    with pytest.raises(ProviderError, match=r"2 datacenters 'Prod'. Use one of Site 1/Prod, Site 2/Prod"):
        vcenter(fake, "Prod")
    with pytest.raises(ProviderError, match=r"no datacenter 'DC9'. Use one of DC0, Site 1/Prod, Site 2/Prod"):
        vcenter(fake, "DC9")
