"""What the properties of vCenter's objects say: its datacenters, vSphere clusters and VMs.

vCenter leaves out properties that it cannot read, such as those of an orphaned VM.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from domain.vsphere import ComputeCluster, Datacenter, Machine, unescaped

Object = Mapping[str, Any]
"""Properties of an object by path; ``type`` is its type, and a reference is a managed object id."""
Objects = Mapping[str, Object]
"""By managed object id."""

HOST = ("name", "runtime.connectionState", "runtime.inMaintenanceMode")
CLUSTER = ("name", "parent", "host", "configurationEx")
MACHINE = ("name", "config.uuid", "config.template", "runtime.host", "runtime.powerState", "customValue")


def name_of(item: Object, otherwise: str = "") -> str:
    """Name of an object as people write it; ``otherwise`` if vCenter does not give it."""
    return unescaped(str(item.get("name") or otherwise))


def datacenters(folders: Objects, root: str) -> list[Datacenter]:
    """The datacenters among the folders.

    Args:
        folders: Folders and datacenters, with ``name`` and ``parent``.
        root: Id of the root folder.
    """
    return [
        Datacenter(id_, _path(id_, folders, root)) for id_, item in folders.items() if _is_datacenter(item)
    ]


def clusters(found: Objects, hosts: Objects, folders: Objects, root: str) -> dict[str, ComputeCluster]:
    """The vSphere clusters by the ids of their hosts, and by their own.

    Args:
        found: vSphere clusters with the properties ``CLUSTER``.
        hosts: Hosts with the properties ``HOST``.
        folders: As for ``datacenters``.
        root: As for ``datacenters``.
    """
    usable = {
        id_
        for id_, host in hosts.items()
        if _is_connected(host) and not host.get("runtime.inMaintenanceMode")
    }
    known = {}
    for id_, item in found.items():
        own = item.get("host") or []
        drs = getattr(getattr(item.get("configurationEx"), "drsConfig", None), "enabled", None)
        cluster = ComputeCluster(
            id=id_,
            name=name_of(item, id_),
            hosts=len(usable.intersection(own)),
            drs=drs is not False,
            datacenter=_path(item.get("parent", ""), folders, root),
        )
        known.update(dict.fromkeys([id_, *own], cluster))
    return known


def machines(
    found: Objects, hosts: Objects, known: Mapping[str, ComputeCluster], fields: Mapping[int, str]
) -> list[Machine]:
    """The VMs, without templates. Those that vCenter cannot read are among them.

    Args:
        found: VMs with the properties ``MACHINE``.
        hosts: Hosts with the properties ``HOST``.
        known: As ``clusters`` returns them.
        fields: Names of the custom attributes by key.
    """

    def machine(vm: Object) -> Machine:
        host_id = vm.get("runtime.host", "")
        host = hosts.get(host_id, {})
        return Machine(
            name=name_of(vm),
            uuid=str(vm.get("config.uuid") or ""),
            cluster=known.get(host_id),
            attributes={
                fields[item.key]: str(getattr(item, "value", ""))
                for item in vm.get("customValue") or []
                if item.key in fields
            },
            host=name_of(host, host_id),
            running=_is_connected(host) and vm.get("runtime.powerState") == "poweredOn",
        )

    return [machine(vm) for vm in found.values() if vm.get("name") and not vm.get("config.template")]


def _path(id_: str, folders: Objects, root: str) -> tuple[str, ...]:
    """Name of the datacenter that a folder is in, after those of the folders that this one is in."""
    names: list[str] = []
    while (item := folders.get(id_)) and id_ != root:
        if _is_datacenter(item):
            names = []  # those so far are of folders in it
        names.insert(0, name_of(item, id_))
        id_ = item.get("parent", "")
    return tuple(names)


def _is_datacenter(item: Object) -> bool:
    return bool(item["type"] == "Datacenter")


def _is_connected(host: Object) -> bool:
    return bool(host.get("runtime.connectionState") == "connected")
