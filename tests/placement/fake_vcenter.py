"""A vCenter in memory that answers through pyVmomi's own objects."""

# mypy: disable-error-code="no-untyped-call"
# (pyVmomi makes its classes when they are used)
from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from pyVmomi import vim, vmodl

from components.placement import vcenter_session
from components.placement.credentials import VSPHERE
from domain.credentials import Login

ROOT = "group-d1"
FIELDS = {1: "deployment", 2: "job"}


class FakeVCenter:
    """Objects with the properties that they have; those that vCenter does not set are missing.

    Attributes:
        reconfigured: The specs of ``ReconfigureComputeResource_Task``, by id of the vSphere cluster.
    """

    def __init__(self) -> None:
        self._objects: dict[str, Any] = {}
        self._properties: dict[str, dict[str, Any]] = {}
        self._views: dict[str, tuple[str, list[type]]] = {}
        self.reconfigured: list[tuple[str, Any]] = []
        self.folder(ROOT, "Datacenters", "")

    def add(self, kind: type, id_: str, parent: str, **properties: Any) -> Any:
        """Add an object; ``_`` in the name of a property stands for a dot."""
        made = self._objects[id_] = kind(id_, self)
        named = {name.replace("_", "."): value for name, value in properties.items() if value is not None}
        self._properties[id_] = named | ({"parent": self._objects[parent]} if parent else {})
        return made

    def folder(self, id_: str, name: str, parent: str = ROOT) -> None:
        """Add a folder."""
        self.add(vim.Folder, id_, parent, name=name)

    def datacenter(self, id_: str, name: str, parent: str = ROOT) -> None:
        """Add a datacenter with its folder of hosts, ``<id>-host``."""
        self.add(vim.Datacenter, id_, parent, name=name)
        self.folder(f"{id_}-host", "host", id_)

    def cluster(
        self, id_: str, name: str | None, datacenter: str, *, hosts: int = 3, drs: bool | None = True
    ) -> None:
        """Add a vSphere cluster with hosts ``<id>-h0`` and so on."""
        made = [
            self.add(
                vim.HostSystem,
                f"{id_}-h{number}",
                f"{datacenter}-host",
                name=f"esxi{number}",
                runtime_connectionState="connected",
                runtime_inMaintenanceMode=False,
            )
            for number in range(hosts)
        ]
        config = None
        if drs is not None:
            config = vim.cluster.ConfigInfoEx(drsConfig=vim.cluster.DrsConfigInfo(enabled=drs))
        self.add(
            vim.ClusterComputeResource,
            id_,
            f"{datacenter}-host",
            name=name,
            host=_array(vim.HostSystem, made),
            configurationEx=config,
        )

    def machine(
        self,
        name: str,
        host: str | None,
        *,
        job: str = "",
        deployment: str = "service-instance_1",
        uuid: str | None = "",
        id_: str = "",
    ) -> Any:
        """Add a VM; without ``uuid`` it is ``uuid-<name>``, and None stands for a VM without config."""
        values = [
            vim.CustomFieldsManager.StringValue(key=key, value=value)
            for key, value in ((1, deployment), (2, job), (99, "of a deleted field"))
            if value
        ]
        return self.add(
            vim.VirtualMachine,
            id_ or f"id-{name}",
            self._properties[host]["parent"]._moId if host else ROOT,
            name=name,
            config_uuid=None if uuid is None else uuid or f"uuid-{name}",
            runtime_host=self._objects[host] if host else None,
            runtime_powerState="poweredOn",
            customValue=_array(vim.CustomFieldsManager.Value, values),
        )

    def rule(self, cluster: str, *rules: Any) -> None:
        """Give a vSphere cluster these rules."""
        self._properties[cluster]["configurationEx"] = vim.cluster.ConfigInfoEx(rule=list(rules))

    @property
    def content(self) -> Any:
        """As ``RetrieveContent`` of the service instance returns it."""
        return vim.ServiceInstanceContent(
            rootFolder=self._objects[ROOT],
            propertyCollector=vmodl.query.PropertyCollector("collector", self),
            viewManager=vim.view.ViewManager("views", self),
            customFieldsManager=vim.CustomFieldsManager("fields", self),
        )

    # --- what pyVmomi's objects call ----------------------------------------------------------------------
    def InvokeAccessor(self, mo: Any, info: Any) -> Any:  # noqa: N802
        if isinstance(mo, vim.CustomFieldsManager):
            return [vim.CustomFieldsManager.FieldDef(key=key, name=name) for key, name in FIELDS.items()]
        if isinstance(mo, vim.Task):
            return vim.TaskInfo(state="success")
        raise AssertionError(f"{mo} {info.name}")

    def InvokeMethod(self, mo: Any, info: Any, args: Any) -> Any:  # noqa: N802
        match info.wsdlName:
            case "CreateContainerView":
                view = f"view-{len(self._views)}"
                self._views[view] = (args[0]._moId, list(args[1]))
                return vim.view.ContainerView(view, self)
            case "DestroyView":
                return None
            case "RetrieveProperties":
                return list(self._retrieve(args[0][0]))
            case "ReconfigureComputeResource_Task":
                self.reconfigured.append((mo._moId, args[0]))
                return vim.Task("task", self)
        raise AssertionError(info.wsdlName)

    def _retrieve(self, spec: Any) -> Iterator[Any]:
        container, kinds = self._views[spec.objectSet[0].obj._moId]
        for id_, item in self._objects.items():
            if not isinstance(item, tuple(kinds)) or (container != ROOT and not self._is_in(id_, container)):
                continue
            paths = next(entry.pathSet for entry in spec.propSet if isinstance(item, entry.type))
            known = self._properties[id_]
            yield vmodl.query.PropertyCollector.ObjectContent(
                obj=item,
                propSet=[
                    vmodl.DynamicProperty(name=path, val=known[path]) for path in paths if path in known
                ],
            )

    def _is_in(self, id_: str, container: str) -> bool:
        parent = self._properties[id_].get("parent")
        return parent is not None and (parent._moId == container or self._is_in(parent._moId, container))


def _array(kind: Any, items: list[Any]) -> Any:
    """A list as pyVmomi types it."""
    return kind.Array(items)


def login(**values: str) -> Login:
    """Credentials of a vCenter."""
    return Login(VSPHERE, {"server": "vc", "user": "me", "password": "hidden", **values})


def serve(fake: FakeVCenter, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have every session lead to this vCenter."""

    @contextmanager
    def content(_: Login) -> Iterator[Any]:
        yield fake.content

    monkeypatch.setattr(vcenter_session, "content", content)
