"""What vCenter has: virtual machines, and the vSphere clusters with their hosts."""

# mypy: disable-error-code="no-untyped-call"
# (pyVmomi makes its classes when they are used)
from __future__ import annotations

import http.client
import os
import ssl
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pyVim.connect import Disconnect, SmartConnect
from pyVmomi import vim, vmodl

from components.placement.credentials import VCenterAccess
from components.runtime.errors import ProviderError
from components.runtime.provider import wait

_SECONDS = 60
_PORT = 443


@dataclass(frozen=True)
class ComputeCluster:
    """A vSphere cluster. ``hosts`` are those that can run a VM now: connected, not in maintenance."""

    id: str
    name: str
    hosts: int
    drs: bool


@dataclass(frozen=True)
class Machine:
    """A VM. ``uuid`` is its BIOS UUID, by which the vSphere plugin names it.

    Attributes:
        name: Its name, which is the CID that BOSH knows it by.
        uuid: BIOS UUID.
        cluster: The vSphere cluster that it runs in; None on a host outside of any.
        attributes: Its custom attributes.
        host: Name of its ESXi host.
        running: Whether it is powered on and its host answers.
    """

    name: str
    uuid: str
    cluster: ComputeCluster | None
    attributes: Mapping[str, str] = field(default_factory=dict)
    host: str = ""
    running: bool = True


class VCenter:
    """One vCenter, or one datacenter of it, during a session."""

    def __init__(self, content: Any, server: str, datacenter: str) -> None:
        """Look at the datacenter of that name, at all with an empty one.

        Raises:
            ProviderError: There is no such datacenter.
        """
        self._content = content
        self._root = content.rootFolder
        if datacenter:
            named = [item for item in self._objects(vim.Datacenter, ["name"]) if item["name"] == datacenter]
            if not named:
                known = ", ".join(sorted(item["name"] for item in self._objects(vim.Datacenter, ["name"])))
                raise ProviderError(
                    f"vCenter {server} has no datacenter {datacenter!r} (config vsphereDatacenter); it has "
                    f"{known or 'none that this user may see'}"
                )
            self._root = named[0]["obj"]

    def clusters(self) -> list[ComputeCluster]:
        """The vSphere clusters, by name."""
        return sorted(set(self._clusters().values()), key=lambda cluster: cluster.name)

    def machines(self) -> list[Machine]:
        """The VMs that are whole: those just being made or removed are left out."""
        clusters = self._clusters(by_host=True)
        fields = {item.key: str(item.name) for item in self._content.customFieldsManager.field}
        hosts = {
            item["obj"]._moId: item
            for item in self._objects(vim.HostSystem, ["name", "runtime.connectionState"])
        }
        wanted = [
            "name",
            "config.uuid",
            "runtime.host",
            "runtime.powerState",
            "customValue",
            "config.template",
        ]
        return [
            Machine(
                name=str(vm["name"]),
                uuid=str(vm["config.uuid"]),
                cluster=clusters.get(vm["runtime.host"]._moId),
                attributes={fields[item.key]: str(item.value) for item in vm.get("customValue", [])},
                host=str(hosts.get(vm["runtime.host"]._moId, {}).get("name", "")),
                running=vm.get("runtime.powerState") == "poweredOn"
                and hosts.get(vm["runtime.host"]._moId, {}).get("runtime.connectionState") == "connected",
            )
            for vm in self._objects(vim.VirtualMachine, wanted)
            if vm.keys() >= {"name", "config.uuid", "runtime.host"} and not vm.get("config.template")
        ]

    def power(self, names: Collection[str], *, on: bool) -> None:
        """Switch these VMs on, or off as if the plug were pulled, all at once; those that are so are left.

        Raises:
            ProviderError: vCenter could not.
        """
        wanted = "poweredOn" if on else "poweredOff"
        tasks = [
            (vm["obj"].PowerOnVM_Task() if on else vm["obj"].PowerOffVM_Task(), vm["name"])
            for vm in self._objects(vim.VirtualMachine, ["name", "runtime.powerState"])
            if vm.get("name") in names and vm.get("runtime.powerState") != wanted
        ]
        for task, name in tasks:
            _done(task, f"power {'on' if on else 'off'} VM {name}")

    def remove_rule(self, cluster_id: str, name: str, uuids: Collection[str]) -> bool:
        """Remove the anti-affinity rule of that name from a vSphere cluster; False when there is none.

        Args:
            cluster_id: Managed object id of the vSphere cluster.
            name: Name of the rule.
            uuids: BIOS UUIDs of the VMs that it may hold.

        Raises:
            ProviderError: It holds other VMs, or is another kind of rule: it is somebody else's.
        """
        for item in self._objects(vim.ClusterComputeResource, ["name", "configurationEx"]):
            if item["obj"]._moId != cluster_id:
                continue
            for rule in item["configurationEx"].rule:
                if rule.name != name:
                    continue
                apart = isinstance(rule, vim.cluster.AntiAffinityRuleSpec)
                strangers = [str(vm.name) for vm in rule.vm if vm.config.uuid not in uuids] if apart else []
                if strangers or not apart:
                    holds = f"for {', '.join(sorted(strangers))}" if apart else "of another kind"
                    raise ProviderError(
                        f"vSphere cluster {item['name']} already has a rule {name!r}, {holds}: it is not of "
                        "this PKS cluster. Remove or rename it in vCenter (Configure, VM/Host Rules), or set "
                        "antiAffinity to off; then run `pulumi up` again"
                    )
                removal = vim.cluster.RuleSpec(operation="remove", removeKey=rule.key)
                spec = vim.cluster.ConfigSpecEx(rulesSpec=[removal])
                _done(item["obj"].ReconfigureComputeResource_Task(spec=spec, modify=True), f"rule {name!r}")
                return True
        return False

    def _clusters(self, *, by_host: bool = False) -> dict[str, ComputeCluster]:
        """The clusters by their own id, or by that of each of their hosts."""
        wanted = ["runtime.connectionState", "runtime.inMaintenanceMode"]
        usable = {
            item["obj"]._moId
            for item in self._objects(vim.HostSystem, wanted)
            if item.get("runtime.connectionState") == "connected"
            and not item.get("runtime.inMaintenanceMode")
        }
        found = {}
        for item in self._objects(vim.ClusterComputeResource, ["name", "host", "configurationEx"]):
            hosts = [host._moId for host in item.get("host", [])]
            drs = getattr(getattr(item.get("configurationEx"), "drsConfig", None), "enabled", None)
            identity = item["obj"]._moId
            cluster = ComputeCluster(
                identity, str(item["name"]), len(usable.intersection(hosts)), drs is not False
            )
            found.update(dict.fromkeys(hosts if by_host else [identity], cluster))
        return found

    def _objects(self, kind: type, properties: Sequence[str]) -> Iterator[dict[str, Any]]:
        """Each object (``obj``) of a kind with those properties that it has, in one call."""
        collector = vmodl.query.PropertyCollector
        view = self._content.viewManager.CreateContainerView(self._root, [kind], True)
        try:
            path = collector.TraversalSpec(name="view", path="view", skip=False, type=vim.view.ContainerView)
            chosen = collector.ObjectSpec(obj=view, skip=True, selectSet=[path])
            wanted = collector.PropertySpec(type=kind, pathSet=list(properties), all=False)
            spec = collector.FilterSpec(objectSet=[chosen], propSet=[wanted])
            found = self._content.propertyCollector.RetrieveContents([spec])
        finally:
            view.Destroy()
        for item in found:
            yield {"obj": item.obj, **{value.name: value.val for value in item.propSet}}


def _done(task: Any, what: str) -> None:
    """Wait for a task of vCenter.

    Raises:
        ProviderError: It failed, or takes too long.
    """

    def state() -> tuple[str, bool | None]:
        info = task.info
        if info.state == "error":
            raise ProviderError(
                f"vCenter, {what}: {getattr(info.error, 'msg', '') or type(info.error).__name__}"
            )
        return str(info.state), info.state == "success" or None

    wait(f"vCenter, {what}", state, timeout=_SECONDS, first=0.1, resume="Run `pulumi up` again")


@contextmanager
def session(access: VCenterAccess, datacenter: str = "") -> Iterator[VCenter]:
    """Log in, and out at the end.

    Raises:
        ProviderError: vCenter does not answer, is not trusted, or refuses; or there is no such datacenter.
    """
    host, _, port = access.server.partition(":")
    service = None
    try:
        service = SmartConnect(
            host=host,
            port=int(port or _PORT),
            user=access.user,
            pwd=access.password,
            sslContext=trust(os.environ),
            httpConnectionTimeout=_SECONDS,
        )
        yield VCenter(service.RetrieveContent(), access.server, datacenter)
    except vim.fault.InvalidLogin:
        raise ProviderError(
            f"vCenter {access.server} rejected user {access.user!r}: set vsphereUser and vspherePassword "
            "(environment variables VSPHERE_USER, VSPHERE_PASSWORD)"
        ) from None
    except vim.fault.NoPermission:
        raise ProviderError(
            f"user {access.user!r} has not enough rights in vCenter {access.server}: it must read VMs and "
            "hosts, and edit the vSphere clusters (Host.Inventory.EditCluster); for drills also switch VMs "
            "(VirtualMachine.Interact.PowerOff and PowerOn)"
        ) from None
    except ssl.SSLCertVerificationError as error:
        raise ProviderError(
            f"the certificate of vCenter {access.server} is not trusted: {error.verify_message}. Have "
            "SSL_CERT_DIR name the directories with trusted CAs, for example /etc/ssl/certs:/path/to/our-ca; "
            "the vSphere plugin needs it, too"
        ) from None
    except (OSError, ValueError, http.client.HTTPException, vmodl.MethodFault) as error:
        told = getattr(error, "msg", "") or str(error) or type(error).__name__
        raise ProviderError(
            f"vCenter {access.server} (vsphereServer, environment variable VSPHERE_SERVER): {told}"
        ) from None
    finally:
        if service is not None:
            with suppress(OSError, http.client.HTTPException, vmodl.MethodFault):
                Disconnect(service)


def trust(environment: Mapping[str, str]) -> ssl.SSLContext:
    """What the vSphere plugin trusts, as Go reads it: the system's CAs, SSL_CERT_FILE, SSL_CERT_DIR.

    Of a directory in SSL_CERT_DIR, Go takes every file, OpenSSL only those named by their hash.
    """
    context = ssl.create_default_context()
    for directory in environment.get("SSL_CERT_DIR", "").split(":"):
        for file in sorted(Path(directory).glob("*")) if directory else []:
            with suppress(OSError):  # no certificate, or not ours to read
                context.load_verify_locations(file)
    return context
