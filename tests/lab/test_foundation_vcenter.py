"""VMs in the real vCenter simulator."""

from __future__ import annotations

import asyncio
import json
import uuid
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from lab import bringup, pki, process
from lab.foundation import vcenter
from lab.foundation.vcenter import Machine
from lab.layout import Lab
from tests.lab.fake_nsx import free_net

pytestmark = pytest.mark.lab


def _start(lab: Lab) -> None:
    credentials = json.loads(lab.credentials.read_text())["vcenter"]
    certificate, key = pki.server_certificate(lab, "vcenter", ips=[lab.vcenter.split(":")[0]])
    options = {"listen": lab.vcenter, "cert": certificate, "key": key, "hosts": 4}
    command = [str(bringup.build_tools().bin / "vcsim"), "-username", credentials["username"]]
    for name, value in options.items():
        command += [f"-{name}", str(value)]
    env = {"VCSIM_PASSWORD": credentials["password"], "TMPDIR": str(lab.home)}
    process.start(lab, "vcenter", command, env)
    bringup.await_port(lab, "vcenter", lab.vcenter)


@pytest.fixture
async def lab(tmp_path: Path) -> AsyncIterator[Lab]:
    lab = Lab(tmp_path / "lab", free_net())
    lab.home.mkdir()
    bringup.prepare(lab)
    await asyncio.to_thread(_start, lab)
    yield lab
    await asyncio.to_thread(process.stop, lab, force=True)


def _machines(number: int, job: str = "worker") -> list[Machine]:
    ids = (uuid.UUID(int=index * 7919, version=4) for index in range(1, number + 1))
    return [Machine(f"vm-{item}", "service-instance_1", job) for item in ids]


def _seen(lab: Lab) -> dict[str, tuple[str, dict[str, str]]]:
    """Host and custom attributes of each VM."""
    with vcenter.session(lab) as content:
        names = {field.key: field.name for field in content.customFieldsManager.field}
        return {
            vm["name"]: (
                vm["obj"].runtime.host.name,
                {names[value.key]: value.value for value in vm["customValue"]},
            )
            for vm in vcenter._virtual_machines(content)
        }


async def test_vms_are_those_of_bosh(lab: Lab) -> None:
    wanted = _machines(6)
    vcenter.match(lab, wanted)
    first = _seen(lab)
    assert {machine.cid for machine in wanted} == first.keys()
    attributes = [found for _, found in first.values()]
    assert attributes == [{"deployment": "service-instance_1", "job": "worker"}] * 6
    # Without rules vSphere puts several on one host: what anti-affinity is for.
    hosts = Counter(host for host, _ in first.values())
    assert 1 < len(hosts) <= 4
    assert max(hosts.values()) > 1

    vcenter.match(lab, wanted[:4])
    assert _seen(lab) == {machine.cid: first[machine.cid] for machine in wanted[:4]}
    vcenter.match(lab, [])
    assert _seen(lab) == {}
    # A machine comes to the same host again.
    vcenter.match(lab, wanted)
    assert _seen(lab) == first


async def test_vms_of_others_are_left_alone_and_lost_attributes_mended(lab: Lab) -> None:
    with vcenter.session(lab) as content:
        vcenter._create(content, "vm-of-somebody")
        half_made = _machines(1)[0]
        vcenter._create(content, half_made.cid)
        vcenter._create(content, half_made.cid)  # twice
    vcenter.match(lab, [half_made])
    seen = _seen(lab)
    with vcenter.session(lab) as content:
        found = {vm["name"]: vm["obj"].runtime.powerState for vm in vcenter._virtual_machines(content)}
        assert len(list(vcenter._virtual_machines(content))) == 2
        assert found == {"vm-of-somebody": "poweredOff", half_made.cid: "poweredOn"}
    assert seen[half_made.cid][1] == {"deployment": "service-instance_1", "job": "worker"}
    vcenter.match(lab, [])
    assert _seen(lab).keys() == {"vm-of-somebody"}


async def test_vms_come_back_after_a_restart_of_vcenter(lab: Lab) -> None:
    wanted = _machines(3, "master")
    vcenter.match(lab, wanted)
    before = _seen(lab)
    await asyncio.to_thread(process.stop, lab, "vcenter", force=True)
    with pytest.raises(OSError):
        vcenter.match(lab, wanted)
    await asyncio.to_thread(_start, lab)
    vcenter.match(lab, wanted)
    assert _seen(lab) == before


async def test_a_failed_task_is_an_error(lab: Lab) -> None:
    with vcenter.session(lab) as content:
        vm = vcenter._create(content, "vm-of-somebody")
        with pytest.raises(vcenter.VCenterError, match="InvalidPowerState"):
            vcenter.done(vm.PowerOffVM_Task())
