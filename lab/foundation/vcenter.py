"""Virtual machines of the clusters in vCenter, created like those of BOSH's vSphere CPI.

A VM's name is its CID; the custom attributes ``deployment`` and ``job`` identify its owner
(Optimize-VMwarePKS relies on both).
"""

# mypy: disable-error-code="no-untyped-call"
# (pyVmomi creates its classes lazily)
from __future__ import annotations

import json
import random
import re
import ssl
import time
import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from typing import Any

from pyVim.connect import Disconnect, SmartConnect
from pyVmomi import vim, vmodl

from lab.layout import Lab

ATTRIBUTES = ("deployment", "job")
_CID = re.compile(r"vm-[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_TASK_SECONDS = 30
_POLL_SECONDS = 0.02


class VCenterError(Exception):
    """A vCenter operation failed."""


@dataclass(frozen=True)
class Machine:
    """One VM: its CID, which is its name, its BOSH deployment and its role."""

    cid: str
    deployment: str
    job: str


def match(lab: Lab, wanted: Iterable[Machine]) -> None:
    """Makes vCenter hold exactly these BOSH VMs (blocking; run it in a thread). Other VMs are not touched.

    Raises:
        VCenterError: A task failed.
        OSError: vCenter does not respond.
    """
    machines = {machine.cid: machine for machine in wanted}
    with session(lab) as content:
        fields = _fields(content)
        existing: dict[str, dict[str, Any]] = {}
        for vm in _virtual_machines(content):
            # A process that was killed during a vCenter task may leave a duplicate machine.
            if vm["name"] in machines and vm["name"] not in existing:
                existing[vm["name"]] = vm
            elif _CID.fullmatch(vm["name"]):
                _remove(vm["obj"])
        for cid, machine in machines.items():
            found = existing.get(cid)
            made = found["obj"] if found else _create(content, cid)
            has = {value.key: value.value for value in found["customValue"]} if found else {}
            if has != {fields[name]: getattr(machine, name) for name in ATTRIBUTES}:  # new or incomplete
                _power_on(made)
                for name in ATTRIBUTES:
                    value = getattr(machine, name)
                    content.customFieldsManager.SetField(entity=made, key=fields[name], value=value)


def cids(lab: Lab) -> list[str]:
    """Returns the CIDs of BOSH's VMs in vCenter.

    Raises:
        OSError: vCenter does not respond.
    """
    with session(lab) as content:
        names = [str(vm["name"]) for vm in _virtual_machines(content)]
    return sorted(name for name in names if _CID.fullmatch(name))


@contextmanager
def session(lab: Lab) -> Iterator[Any]:
    """Yields vCenter's service content, logged in as administrator.

    Raises:
        OSError: vCenter does not respond.
    """
    credentials = json.loads(lab.credentials.read_text())["vcenter"]
    host, port = lab.vcenter.split(":")
    instance = SmartConnect(
        host=host,
        port=int(port),
        user=credentials["username"],
        pwd=credentials["password"],
        sslContext=ssl.create_default_context(cafile=str(lab.ca_certificate)),
    )
    try:
        yield instance.RetrieveContent()
    finally:
        Disconnect(instance)


def _create(content: Any, cid: str) -> Any:
    """Creates a VM on a random host, as vSphere may do without rules; the choice depends only on the CID."""
    pool = min(objects(content, vim.ResourcePool), key=lambda pool: (str(pool.owner.name), str(pool.name)))
    hosts = sorted(
        (host for host in pool.owner.host if host.runtime.connectionState == "connected"),
        key=lambda host: str(host.name),
    )
    host = random.Random(cid).choice(hosts)  # noqa: S311 - not a secret
    spec = vim.vm.ConfigSpec(
        name=cid,
        uuid=str(uuid.uuid5(uuid.NAMESPACE_DNS, cid)),  # stable across restarts of the simulator
        memoryMB=4096,
        numCPUs=2,
        guestId="ubuntu64Guest",
        files=vim.vm.FileInfo(vmPathName=f"[{objects(content, vim.Datastore)[0].name}] {cid}"),
    )
    folder = content.rootFolder.childEntity[0].vmFolder
    return done(folder.CreateVM_Task(config=spec, pool=pool, host=host))


def _power_on(vm: Any) -> None:
    if vm.runtime.powerState != "poweredOn":
        done(vm.PowerOnVM_Task())


def _remove(vm: Any) -> None:
    if vm.runtime.powerState == "poweredOn":
        done(vm.PowerOffVM_Task())
    done(vm.Destroy_Task())


def _fields(content: Any) -> dict[str, int]:
    manager = content.customFieldsManager
    known = {field.name: field.key for field in manager.field}
    for name in ATTRIBUTES:
        if name not in known:
            definition = manager.AddCustomFieldDef(name=name, moType=vim.VirtualMachine)
            known[name] = definition.key
    return known


class PowerWatch:
    """Finds BOSH's VMs that are down, with one login for all calls."""

    def __init__(self, lab: Lab) -> None:
        self._lab = lab
        self._login = ExitStack()
        self._content: Any = None

    def down(self) -> set[str]:
        """Returns the CIDs of VMs that are off or on an unresponsive host (blocking; run it in a thread).

        Raises:
            Exception: vCenter does not respond or the session has expired; the next call logs in again.
        """
        try:
            if self._content is None:
                self._content = self._login.enter_context(session(self._lab))
            return _down(self._content)
        except Exception:
            self._content, login = None, self._login.pop_all()
            with suppress(Exception):
                login.close()
            raise


def _down(content: Any) -> set[str]:
    wanted: dict[type, Sequence[str]] = {
        vim.HostSystem: ("runtime.connectionState",),
        vim.VirtualMachine: ("name", "customValue", "runtime.powerState", "runtime.host"),
    }
    found = list(_properties(content, wanted))
    states = {item["obj"]._moId: item.get("runtime.connectionState") for item in found}
    return {
        str(vm["name"])
        for vm in found
        if _CID.fullmatch(vm.get("name", ""))
        and vm["customValue"]  # set last, see ``match``
        and (vm["runtime.powerState"] != "poweredOn" or states.get(vm["runtime.host"]._moId) != "connected")
    }


def _virtual_machines(content: Any) -> Iterator[dict[str, Any]]:
    """Yields each VM (``obj``) with its ``name`` and ``customValue``."""
    return _properties(content, {vim.VirtualMachine: ("name", "customValue")})


def _properties(content: Any, wanted: Mapping[type, Sequence[str]]) -> Iterator[dict[str, Any]]:
    """Yields each object (``obj``) of these kinds that has all the properties of its kind, in one call.

    Objects that are being created or removed lack some. Only custom values may be empty.
    """
    collector = vmodl.query.PropertyCollector
    with _view(content, *wanted) as view:
        path = collector.TraversalSpec(name="view", path="view", skip=False, type=vim.view.ContainerView)
        chosen = collector.ObjectSpec(obj=view, skip=True, selectSet=[path])
        kinds = [
            collector.PropertySpec(type=kind, pathSet=list(names), all=False)
            for kind, names in wanted.items()
        ]
        spec = collector.FilterSpec(objectSet=[chosen], propSet=kinds)
        for item in content.propertyCollector.RetrieveContents([spec]):
            values = {value.name: value.val for value in item.propSet}
            found = {"obj": item.obj, "customValue": [], **values}
            if found.keys() >= {*wanted[type(item.obj)]}:
                yield found


def objects(content: Any, kind: type) -> list[Any]:
    """Returns all managed objects of a kind."""
    with _view(content, kind) as view:
        return list(view.view)


@contextmanager
def _view(content: Any, *kinds: type) -> Iterator[Any]:
    view = content.viewManager.CreateContainerView(content.rootFolder, list(kinds), True)
    try:
        yield view
    finally:
        view.Destroy()


def done(task: Any) -> Any:
    """Waits for a task and returns its result (pyVim's own wait fails on vcsim's tasks when one runs).

    Raises:
        VCenterError: The task failed or takes too long.
    """
    deadline = time.monotonic() + _TASK_SECONDS
    while (info := task.info).state not in {"success", "error"}:
        if time.monotonic() > deadline:
            raise VCenterError(f"task {info.key} is {info.state} after {_TASK_SECONDS} s")
        time.sleep(_POLL_SECONDS)
    if info.state == "error":
        raise VCenterError(f"task {info.key} failed: {type(info.error).__name__}")
    return info.result
