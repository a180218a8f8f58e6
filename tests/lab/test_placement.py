"""Anti-affinity through the real engine: rules in the vCenter simulator, BOSH replacing VMs, bad input."""

# mypy: disable-error-code="no-untyped-call"
# (pyVmomi makes its classes when they are used)
from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import AsyncIterator, Callable, Iterable
from pathlib import Path
from typing import Any

import pytest
from pyVmomi import vim

from lab import bringup, pki, process
from lab.foundation import esxi, vcenter
from lab.layout import Lab
from tests.lab.fake_nsx import free_net
from tests.lab.foundation_site import Site, run_cli, until
from tests.lab.program import ProgramStack
from tests.lab.rules import rules

pytestmark = pytest.mark.lab

_PROGRAM = """
import pulumi
from components.placement.anti_affinity import AntiAffinity, AntiAffinityArgs
from dataclasses import asdict
from components.preflight import Preflight
from domain.placement import Placement

config = pulumi.Config()
given = config.require_object("placement")
placement = Placement(**{**given, "compute_clusters": tuple(given.get("compute_clusters", ()))})
if placement.mode != "off":
    wanted = {**asdict(placement), "compute_clusters": list(placement.compute_clusters)}
    hosts = Preflight("hosts", {"vcenter": wanted})
    rules = AntiAffinity(
        "placement",
        AntiAffinityArgs(placement=placement, cluster_name="one", cluster_uuid=config.require("uuid")),
        pulumi.ResourceOptions(depends_on=hosts),
    )
    pulumi.export("rules", rules.rules)
"""
_RULE = "vsphere:index/computeClusterVmAntiAffinityRule:ComputeClusterVmAntiAffinityRule"
PLACEMENT = {"mode": "should", "source": "bosh", "masters": 3, "workers": 3}


class Stack(ProgramStack):
    """A stack of a program that has nothing but the placement."""

    async def configure(self, uuid: str, **changes: object) -> None:
        """Set the stack's config."""
        self.set(uuid=uuid, placement={**PLACEMENT, **changes})


@pytest.fixture
def mending() -> threading.Event:
    """Set while the foundation makes vCenter hold what BOSH wants, which it looks after regularly."""
    event = threading.Event()
    event.set()
    return event


@pytest.fixture
async def site(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mending: threading.Event
) -> AsyncIterator[Site]:
    """A foundation with the real vCenter simulator: two vSphere clusters of three hosts, VMs in the first."""
    monkeypatch.setenv("LAB_CLUSTER_SECONDS", "0.3")
    monkeypatch.setenv("LAB_HOSTS", "3")
    lab = Lab(tmp_path / "lab", free_net())
    lab.home.mkdir()
    bringup.prepare(lab)
    await asyncio.to_thread(_start_vcenter, lab)
    found = Site(lab)

    def match(lab: Lab, wanted: Iterable[vcenter.Machine]) -> None:
        if mending.is_set():
            vcenter.match(lab, wanted)

    found.vcenter = match  # type: ignore[assignment]
    async with found.serving():
        yield found
    await asyncio.to_thread(process.stop, lab, force=True)


def _start_vcenter(lab: Lab) -> None:
    known = json.loads(lab.credentials.read_text())["vcenter"]
    certificate, key = pki.server_certificate(lab, "vcenter", ips=[lab.vcenter.split(":")[0]])
    options = {
        "listen": lab.vcenter,
        "cert": certificate,
        "key": key,
        "hosts": 3,
        "clusters": 2,
        "username": known["username"],
        "ha-restart": "1s",
    }
    command = [str(bringup.build_tools().bin / "vcsim")]
    for name, value in options.items():
        command += [f"-{name}", str(value)]
    process.start(lab, "vcenter", command, {"VCSIM_PASSWORD": known["password"], "TMPDIR": str(lab.home)})
    bringup.await_port(lab, "vcenter", lab.vcenter)


@pytest.fixture
async def stack(site: Site, tmp_path: Path) -> AsyncIterator[Stack]:
    """An empty stack, with access to BOSH and vCenter in the environment."""
    known = json.loads(site.lab.credentials.read_text())["vcenter"]
    env = {
        "VSPHERE_SERVER": site.lab.vcenter,
        "VSPHERE_USER": known["username"],
        "VSPHERE_PASSWORD": known["password"],
        "SSL_CERT_DIR": str(site.lab.ca_certificate.parent),
    }
    yield await Stack.make(site.lab, tmp_path / "program", _PROGRAM, env)


def _cids(site: Site, job: str) -> set[str]:
    [cluster] = site.state["clusters"]
    return {machine["cid"] for machine in cluster["machines"] if machine["job"] == job}


def _together(site: Site) -> int:
    """The most VMs of one role on one host."""
    roles = {role: _cids(site, role) for role in ("master", "worker")}
    return max(
        len(cids.intersection(host.machines)) for host in esxi.hosts(site.lab) for cids in roles.values()
    )


async def _bosh(site: Site, *arguments: str) -> None:
    known = site.credentials["bosh"]
    env = {
        "BOSH_ENVIRONMENT": site.lab.bosh_host,
        "BOSH_CLIENT": known["client"],
        "BOSH_CLIENT_SECRET": known["client_secret"],
        "BOSH_CA_CERT": str(site.lab.ca_certificate),
    }
    code, out, error = await run_cli(site, "bosh", *arguments, **env)
    assert code == 0, out + error


async def test_bosh_making_a_vm_anew_leads_to_one_changed_rule(site: Site, stack: Stack) -> None:
    uuid = (await site.create())["uuid"]
    await stack.configure(uuid)
    expected = await stack.changes("preview")
    assert expected["placement-masters-rule"] == expected["placement-workers-rule"] == "create"
    await stack.run("up", "--skip-preview")
    assert rules(site.lab) == {
        "DC0_C0/one PKS cluster": _cids(site, "master"),
        "DC0_C0/one PKS cluster workers": _cids(site, "worker"),
    }

    async def apart() -> bool:
        return await asyncio.to_thread(_together, site) == 1

    await until(apart, seconds=30)
    assert await stack.changes("preview") == {}
    await stack.configure(uuid, workers=4)
    planned = await stack.changes("preview")
    assert {name: op for name, op in planned.items() if name.endswith("-rule")} == {
        "placement-workers-rule": "update"
    }, "masters stay, and no rule is replaced"
    await stack.configure(uuid)
    await stack.run("refresh", "--expect-no-changes")
    exported = await stack.run("stack", "export", "--show-secrets")
    for secret in (site.credentials["vcenter"]["password"], site.credentials["bosh"]["client_secret"]):
        assert secret not in exported

    [cluster] = site.state["clusters"]
    worker = next(machine for machine in cluster["machines"] if machine["job"] == "worker")
    await _bosh(site, "-n", "-d", f"service-instance_{uuid}", "recreate", f"worker/{worker['id']}")
    assert worker["cid"] not in _cids(site, "worker")
    assert len(rules(site.lab)["DC0_C0/one PKS cluster workers"]) == 2
    assert await stack.changes("preview") == {}
    shown = await stack.run("refresh", "--skip-preview", "--diff")
    assert worker["cid"] in shown
    planned = await stack.changes("preview")
    assert [name for name in planned if name.endswith("-rule")] == ["placement-workers-rule"]
    before = {item["urn"]: item for item in await stack.state()}
    await stack.run("up", "--skip-preview")
    after = {item["urn"]: item for item in await stack.state()}
    changed = [urn for urn in after if _RULE in urn and after[urn]["outputs"] != before[urn]["outputs"]]
    assert [urn.rpartition("::")[2] for urn in changed] == ["placement-workers-rule"]
    assert rules(site.lab)["DC0_C0/one PKS cluster workers"] == _cids(site, "worker")
    await until(apart, seconds=30)

    # Without BOSH, to rules that must hold, and off.
    await stack.configure(uuid, source="attributes", mode="must")
    await stack.run("up", "--skip-preview")
    assert set(rules(site.lab)) == {"DC0_C0/one PKS cluster!", "DC0_C0/one PKS cluster workers!"}
    assert not any("VmCids" in item["urn"] for item in await stack.state())
    await stack.configure(uuid, mode="off")
    await stack.run("up", "--skip-preview")
    assert rules(site.lab) == {}


async def test_the_loss_of_a_host_leaves_one_vm_of_each_role_down(site: Site, stack: Stack) -> None:
    """With rules; without, a host has as many as chance gives it."""
    await stack.configure((await site.create())["uuid"])
    with vcenter.session(site.lab) as content:  # as chance may have it
        machines = vcenter.objects(content, vim.VirtualMachine)
        for vm in machines:
            vcenter.done(vm.RelocateVM_Task(spec=vim.vm.RelocateSpec(host=machines[0].runtime.host)))
    assert _together(site) == 3
    await stack.run("up", "--skip-preview")

    async def apart() -> bool:
        return await asyncio.to_thread(_together, site) == 1

    await until(apart, seconds=30)
    for host in esxi.hosts(site.lab):
        assert all(len(_cids(site, role).intersection(host.machines)) <= 1 for role in ("master", "worker"))
    # HA starts the VMs of a lost host on the two others: "should" gives way.
    [lost, *_] = [host.name for host in esxi.hosts(site.lab) if host.machines]
    esxi.connect(site.lab, lost, connected=False)

    async def restarted() -> bool:
        found = {host.name: host.machines for host in await asyncio.to_thread(esxi.hosts, site.lab)}
        return not found[lost]

    await until(restarted, seconds=30)
    # A refresh sees no change: rules and VMs are the same.
    await stack.run("refresh", "--expect-no-changes")
    esxi.connect(site.lab, lost, connected=True)
    await until(apart, seconds=30)


def _change_rules(lab: Lab, change: Callable[[Any, Any], Any]) -> None:
    """Change the rules of the first vSphere cluster as a person does in vCenter."""
    with vcenter.session(lab) as content:
        clusters = vcenter.objects(content, vim.ClusterComputeResource)
        [cluster] = [item for item in clusters if item.name == "DC0_C0"]
        spec = vim.cluster.ConfigSpecEx(rulesSpec=[change(content, cluster)])
        vcenter.done(cluster.ReconfigureComputeResource_Task(spec=spec, modify=True))


def _rule(name: str, vms: set[str]) -> Callable[[Any, Any], Any]:
    """Add a rule as Optimize-VMwarePKS, or a stack whose state is lost, leaves it."""

    def add(content: Any, _: Any) -> Any:
        machines = [vm for vm in vcenter.objects(content, vim.VirtualMachine) if str(vm.name) in vms]
        rule = vim.cluster.AntiAffinityRuleSpec(name=name, enabled=True, vm=machines)
        return vim.cluster.RuleSpec(operation="add", info=rule)

    return add


def _no_rule(name: str) -> Callable[[Any, Any], Any]:
    def remove(_: Any, cluster: Any) -> Any:
        [rule] = [item for item in cluster.configurationEx.rule if item.name == name]
        return vim.cluster.RuleSpec(operation="remove", removeKey=rule.key)

    return remove


async def test_a_rule_that_is_there_already(site: Site, stack: Stack) -> None:
    await stack.configure((await site.create())["uuid"])
    masters, workers = _cids(site, "master"), _cids(site, "worker")
    _change_rules(site.lab, _rule("one PKS cluster", masters))
    stranger = sorted(masters)[0]
    _change_rules(site.lab, _rule("one PKS cluster workers", {*workers, stranger}))
    output = await stack.run("up", "--skip-preview", check=False)
    assert "rule 'one PKS cluster' already existed for VMs of this cluster: replaced" in output
    assert f"already has a rule 'one PKS cluster workers' for {stranger}, so it may not be of this" in output
    assert "Traceback" not in output
    _change_rules(site.lab, _no_rule("one PKS cluster workers"))
    await stack.run("up", "--skip-preview")
    assert rules(site.lab) == {"DC0_C0/one PKS cluster": masters, "DC0_C0/one PKS cluster workers": workers}
    assert await stack.changes("preview") == {}


async def test_too_few_hosts(site: Site, stack: Stack) -> None:
    uuid = (await site.create())["uuid"]
    esxi.connect(site.lab, "DC0_C0_H2", connected=False)
    await stack.configure(uuid, mode="must", compute_clusters=["DC0_C0"])
    told = "vSphere cluster DC0_C0 has 2 hosts in service for 3 masters"
    assert told in await stack.run("preview", check=False)
    # Not knowing the cluster before, it is told at the latest before a rule is made.
    await stack.configure(uuid, mode="must")
    output = await stack.run("up", "--skip-preview", check=False)
    assert told in output
    assert "Traceback" not in output
    assert rules(site.lab) == {}
    await stack.configure(uuid, mode="should")
    assert f"warning: {told}" in await stack.run("up", "--skip-preview")
    assert len(rules(site.lab)) == 2


async def test_one_master_has_no_rule_and_several_vsphere_clusters_have_one_each(
    site: Site, stack: Stack
) -> None:
    order = {"name": "one", "plan_name": "dev-large"}
    uuid = (await site.create(**order))["uuid"]
    workers = sorted(_cids(site, "worker"))
    with vcenter.session(site.lab) as content:
        hosts = {str(host.name): host for host in vcenter.objects(content, vim.HostSystem)}
        for vm in vcenter.objects(content, vim.VirtualMachine):
            if str(vm.name) in workers[:2]:
                vcenter.done(vm.RelocateVM_Task(spec=vim.vm.RelocateSpec(host=hosts["DC0_C1_H0"])))
    await stack.configure(uuid, masters=1, workers=4)
    output = await stack.run("up", "--skip-preview", check=False)
    assert 'the workers run in several vSphere clusters. Set the vSphere clusters to ["DC0_C0", ' in output
    await stack.configure(uuid, masters=1, workers=4, compute_clusters=["DC0_C0", "DC0_C1"])
    await stack.run("up", "--skip-preview")
    assert rules(site.lab) == {
        "DC0_C0/one PKS cluster workers": set(workers[2:]),
        "DC0_C1/one PKS cluster workers": set(workers[:2]),
    }
    assert await stack.changes("preview") == {}
    await stack.run("destroy")
    assert rules(site.lab) == {}


async def test_bad_input_is_one_clear_error_and_can_be_mended(
    site: Site, stack: Stack, mending: threading.Event
) -> None:
    uuid = (await site.create())["uuid"]
    for changes, env, told in (
        ({}, {"VSPHERE_PASSWORD": "guess"}, "rejected user 'administrator@vsphere.local'. Check vsphereUser"),
        ({}, {"VSPHERE_SERVER": "127.0.0.9:1"}, "vCenter 127.0.0.9:1 cannot be used ("),
        (
            {},
            {"SSL_CERT_DIR": ""},
            "is not trusted: unable to get local issuer certificate. Set SSL_CERT_DIR",
        ),
        ({"bosh_cli": "bosh-7"}, {}, "the BOSH CLI 'bosh-7' is not on PATH or not executable. Install it"),
        ({"datacenter": "DC9"}, {}, "has no datacenter 'DC9'. Use one of DC0"),
        ({"compute_clusters": ["C9"]}, {}, "vCenter has no vSphere cluster 'C9'; it has DC0_C0"),
    ):
        await stack.configure(uuid, **changes)
        output = await stack.run("preview", check=False, **env)
        assert told in output, output
        assert "Traceback" not in output
        assert output.count("error:") <= 2, output  # the check's, and that the preview failed
    for unknown, env, told in (
        ("absent", {}, "has no deployment service-instance_absent: "),
        (uuid, {"BOSH_CLIENT_SECRET": "guess"}, "rejected client 'ops_manager': "),
    ):
        await stack.configure(unknown)
        output = await stack.run("up", "--skip-preview", check=False, **env)
        assert told in output, output
        assert "Traceback" not in output
        assert "guess" not in output
    # Somebody has deleted a VM in vCenter; BOSH does not know that yet.
    mending.clear()
    gone = sorted(_cids(site, "worker"))[0]
    with vcenter.session(site.lab) as content:
        [vm] = [vm for vm in vcenter.objects(content, vim.VirtualMachine) if str(vm.name) == gone]
        vcenter.done(vm.PowerOffVM_Task())
        vcenter.done(vm.Rename_Task(newName="gone"))
        await stack.configure(uuid)
        output = await stack.run("up", "--skip-preview", check=False)
        assert (
            f"{gone}: BOSH has worker VMs with these names in service-instance_{uuid}, but vCenter" in output
        )
        assert "Traceback" not in output
        vcenter.done(vm.Destroy_Task())
    mending.set()
    await until(lambda: _whole(site), seconds=30)
    await stack.run("up", "--skip-preview")
    assert rules(site.lab)["DC0_C0/one PKS cluster workers"] == _cids(site, "worker")


async def _whole(site: Site) -> bool:
    """Whether the foundation has mended vCenter."""
    names = await asyncio.to_thread(vcenter.cids, site.lab)
    return set(names) == _cids(site, "worker") | _cids(site, "master")
