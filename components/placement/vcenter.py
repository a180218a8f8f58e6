"""What vCenter has: virtual machines, vSphere clusters with their hosts, and anti-affinity rules."""

# mypy: disable-error-code="no-untyped-call"
# (pyVmomi makes its classes when they are used)
from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from typing import Any

from pyVmomi import VmomiSupport, vim, vmodl

from components.placement import vcenter_session
from components.runtime.errors import ProviderError
from components.runtime.waiting import QUICK, wait
from domain import vsphere_reading
from domain.credentials import Login
from domain.rule_members import others
from domain.vsphere import ComputeCluster, Machine, find, labels
from domain.vsphere_reading import Objects, name_of

_SECONDS = 60


class VCenter:
    """One vCenter, or one datacenter of it, during a session."""

    def __init__(self, content: Any, login: Login, datacenter: str = "") -> None:
        """Search the datacenter of that name; all if it is empty.

        Raises:
            ProviderError: There is no such datacenter, or more than one.
        """
        self.server = login["server"]
        self._content = content
        self._root, self._top = content.rootFolder, content.rootFolder._moId
        self._folders = self._objects(("name", "parent"), vim.Folder, vim.Datacenter)
        if datacenter:
            self._root = self._datacenter(datacenter)

    def clusters(self) -> list[ComputeCluster]:
        """The vSphere clusters, by datacenter and name."""
        return sorted(set(self._clusters.values()), key=lambda cluster: (cluster.datacenter, cluster.name))

    def machines(self) -> list[Machine]:
        """The VMs, without templates. Those that vCenter cannot read are among them."""
        manager = self._content.customFieldsManager
        fields = {item.key: str(item.name) for item in (manager.field if manager else None) or []}
        found = self._objects(vsphere_reading.MACHINE, vim.VirtualMachine)
        return vsphere_reading.machines(found, self._hosts, self._clusters, fields)

    def power(self, names: Collection[str], *, on: bool) -> None:
        """Power VMs on, or off without a shutdown, all at once. VMs in that state stay as they are.

        Raises:
            ProviderError: A VM could not be powered on or off.
        """
        wanted = "poweredOn" if on else "poweredOff"
        tasks = [
            (vm["obj"].PowerOnVM_Task() if on else vm["obj"].PowerOffVM_Task(), vm["name"])
            for vm in self._objects(("name", "runtime.powerState"), vim.VirtualMachine).values()
            if name_of(vm) in names and vm.get("runtime.powerState") != wanted
        ]
        for task, name in tasks:
            _await(task, f"power {'on' if on else 'off'} VM {name}")

    def remove_rule(self, cluster_id: str, name: str, uuids: Collection[str]) -> bool:
        """Remove the anti-affinity rule of that name from a vSphere cluster; False if there is none.

        Args:
            cluster_id: Managed object id of the vSphere cluster.
            name: Name of the rule.
            uuids: BIOS UUIDs of the VMs that it may hold.

        Raises:
            ProviderError: It holds other VMs or VMs that cannot be read, or is a rule of another kind.
        """
        known = self._objects(("name", "configurationEx"), vim.ClusterComputeResource)
        cluster = known.get(cluster_id, {})
        rules = getattr(cluster.get("configurationEx"), "rule", None) or []
        rule = next((item for item in rules if item.name == name), None)
        if rule is None:
            return False
        if problem := self._foreign(rule, uuids):
            raise ProviderError(
                f"vSphere cluster {name_of(cluster, cluster_id)} already has a rule {name!r} {problem}, so "
                "it may not be of this PKS cluster. Remove or rename it in vCenter (Configure, VM/Host "
                "Rules) or turn the anti-affinity rules off, then run `pulumi up` again"
            )
        removal = vim.cluster.RuleSpec(operation="remove", removeKey=rule.key)
        spec = vim.cluster.ConfigSpecEx(rulesSpec=[removal])
        _await(cluster["obj"].ReconfigureComputeResource_Task(spec=spec, modify=True), f"rule {name!r}")
        return True

    def _foreign(self, rule: Any, uuids: Collection[str]) -> str:
        """Why a rule may not be replaced; empty if it may."""
        if not isinstance(rule, vim.cluster.AntiAffinityRuleSpec):
            return "of another kind"
        known = self._objects(("name", "config.uuid"), vim.VirtualMachine)
        held = ((id_, known.get(id_, {})) for id_ in (vm._moId for vm in rule.vm or []))
        return others(((name_of(vm, id_), str(vm.get("config.uuid") or "")) for id_, vm in held), uuids)

    def _datacenter(self, text: str) -> Any:
        known = vsphere_reading.datacenters(self._folders, self._top)
        found = find(text, known)
        if len(found) == 1:
            return self._folders[found[0].id]["obj"]
        names = ", ".join(labels(found or known, known)) or "none that this user may see"
        number = f"{len(found)} datacenters" if found else "no datacenter"
        raise ProviderError(f"vCenter {self.server} has {number} {text!r}. Use one of {names}", "datacenter")

    @cached_property
    def _hosts(self) -> Objects:
        return self._objects(vsphere_reading.HOST, vim.HostSystem)

    @cached_property
    def _clusters(self) -> dict[str, ComputeCluster]:
        """The clusters by the ids of their hosts, and by their own."""
        found = self._objects(vsphere_reading.CLUSTER, vim.ClusterComputeResource)
        return vsphere_reading.clusters(found, self._hosts, self._folders, self._top)

    def _objects(self, properties: Sequence[str], *kinds: type) -> Objects:
        """The objects (``obj``) of these kinds with those of the properties that they have, in one call."""
        collector = vmodl.query.PropertyCollector
        view = self._content.viewManager.CreateContainerView(self._root, list(kinds), True)
        try:
            path = collector.TraversalSpec(name="view", path="view", skip=False, type=vim.view.ContainerView)
            chosen = collector.ObjectSpec(obj=view, skip=True, selectSet=[path])
            wanted = [
                collector.PropertySpec(type=kind, pathSet=list(properties), all=False) for kind in kinds
            ]
            spec = collector.FilterSpec(objectSet=[chosen], propSet=wanted)
            found = self._content.propertyCollector.RetrieveContents([spec])
        finally:
            view.Destroy()
        return {
            item.obj._moId: {
                "obj": item.obj,
                "type": item.obj._wsdlName,
                **{value.name: _plain(value.val) for value in item.propSet or []},
            }
            for item in found or []
        }


@contextmanager
def session(login: Login, datacenter: str = "") -> Iterator[VCenter]:
    """Logs in to vCenter, and out at the end.

    Args:
        login: Of the system ``VSPHERE``.
        datacenter: vSphere datacenter to search; empty: all.

    Raises:
        ProviderError: Credentials are missing; vCenter is unreachable, untrusted, or refuses; the datacenter
            is unknown or its name is not unique.
    """
    with vcenter_session.content(login) as content:
        yield VCenter(content, login, datacenter)


def _plain(value: Any) -> Any:
    """A value with references as ids."""
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return value._moId if isinstance(value, VmomiSupport.ManagedObject) else value


def _await(task: Any, what: str) -> None:
    """Wait for a task of vCenter.

    Raises:
        ProviderError: It failed, or takes too long.
    """

    def state() -> tuple[str, bool | None]:
        info = task.info
        if info.state == "error":
            reason = getattr(info.error, "msg", "") or type(info.error).__name__
            raise ProviderError(f"vCenter, {what}: {reason}")
        return str(info.state), info.state == "success" or None

    wait(f"vCenter, {what}", state, timeout=_SECONDS, pace=QUICK, resume="Run `pulumi up` again")
