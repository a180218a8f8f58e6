"""``VirtualMachines``: the VMs of one role of a cluster, and the vSphere clusters they run in."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import pulumi
from pulumi.dynamic import Resource

from components.placement.compute_clusters import names_by_id
from components.placement.inventory import ComputeCluster, Machine
from components.placement.provider import PlacementProvider
from components.placement.sources import SOURCES
from components.runtime.errors import ProviderError, log
from components.runtime.provider import Properties
from domain.placement import Mode, too_few


class VirtualMachinesProvider(PlacementProvider):
    """Reads from vCenter at creation, when an input has changed, and at a refresh."""

    updates = ("role", "deployment", "source", "names", "datacenter", "compute_clusters", "mode", "triggers")

    def apply(self, wanted: Properties, before: Properties) -> Properties:
        del before
        found, live, where = self._read(wanted)
        if problem := SOURCES[wanted["source"]].missing(found, wanted, where):
            raise ProviderError(problem, "source", "datacenter")
        _check_machines(found, wanted["role"])
        used = Counter(machine.cluster for machine in found if machine.cluster)
        names = names_by_id(wanted["role"], list(used), wanted["compute_clusters"], live)
        _check_hosts(wanted, used, names)
        return {"machines": _document(found, names)}

    def identity(self, properties: Properties) -> str:
        return f"{properties['deployment']}/{properties['role']}"

    def observe(self, id_: str, known: Properties) -> Properties | None:
        found, live, where = self._read(known)
        if not found:
            return None
        if problem := SOURCES[known["source"]].missing(found, known, where):
            log.warning("warning: %s", problem)
        unreadable = [machine.name for machine in found if not (machine.readable and machine.cluster)]
        if unreadable:
            log.warning(
                "warning: the VMs of %s are not checked: %s cannot be read", id_, ", ".join(unreadable)
            )
            return {}
        used = [machine.cluster for machine in found if machine.cluster]
        try:
            names = names_by_id(known["role"], used, known["compute_clusters"], live)
        except ProviderError as error:
            log.warning("warning: %s", error)
            names = {cluster.id: cluster.name for cluster in used}
        return {"machines": _document(found, names)}

    def _read(self, wanted: Properties) -> tuple[list[Machine], list[ComputeCluster], str]:
        """The VMs by name, all vSphere clusters, and where they are, for messages."""
        with self.vcenter(wanted["datacenter"]) as vcenter:
            found = SOURCES[wanted["source"]].select(vcenter.machines(), wanted)
            live, server = vcenter.clusters(), vcenter.server
        where = f"vCenter {server}" + (
            f", datacenter {wanted['datacenter']}," if wanted["datacenter"] else ""
        )
        return sorted(found, key=lambda machine: machine.name), live, where


class VirtualMachines(Resource, module="placement", name="VirtualMachines"):
    """VMs of one role, type ``pulumi-python:dynamic/placement:VirtualMachines``.

    ``machines`` has for each its ``name``, ``uuid``, ``cluster`` and ``cluster_id``, in order of the names.
    """

    machines: pulumi.Output[list[dict[str, str]]]

    def __init__(
        self,
        resource_name: str,
        *,
        role: str,
        deployment: pulumi.Input[str],
        source: str,
        names: pulumi.Input[Sequence[str]] | None,
        datacenter: str,
        compute_clusters: Sequence[str],
        mode: Mode,
        triggers: Sequence[pulumi.Input[Any]] = (),
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Declare the resource.

        Args:
            resource_name: Name in the stack.
            role: A key of ``domain.placement.ROLES``.
            deployment: BOSH deployment of the VMs.
            source: Where their names come from; a name of ``components.placement.sources``.
            names: Their names, if the source reads them outside of vCenter.
            datacenter: vSphere datacenter to search; empty: all.
            compute_clusters: The vSphere clusters that they may be in; empty: any one.
            mode: Whether too few hosts are an error (``must``) or a warning.
            triggers: Values whose change makes it read again.
            opts: Options.
        """
        props = {
            "role": role,
            "deployment": deployment,
            "source": source,
            "names": names,
            "datacenter": datacenter,
            "compute_clusters": list(compute_clusters),
            "mode": mode,
            "triggers": list(triggers),
            "machines": None,
        }
        super().__init__(VirtualMachinesProvider(), resource_name, props, opts)


def _check_machines(machines: Sequence[Machine], role: str) -> None:
    """Each VM can be in a rule, and its name means no other."""
    twice = [name for name, number in Counter(machine.name for machine in machines).items() if number > 1]
    if twice:
        raise ProviderError(
            f"{', '.join(twice)} ({role}): vCenter has several VMs of this name. Set the datacenter of the "
            "cluster",
            "datacenter",
        )
    unreadable = [machine.name for machine in machines if not machine.readable]
    if unreadable:
        raise ProviderError(
            f"{', '.join(unreadable)} ({role}): vCenter cannot read these VMs; they may be orphaned or "
            "inaccessible. Repair them in vCenter or let BOSH recreate them, then run `pulumi up` again"
        )
    outside = [machine.name for machine in machines if machine.cluster is None]
    if outside:
        raise ProviderError(
            f"{', '.join(outside)} ({role}): on a host outside of any vSphere cluster, where no rules exist. "
            "Turn the anti-affinity rules off",
            "mode",
        )


def _check_hosts(wanted: Properties, used: Mapping[ComputeCluster, int], names: Mapping[str, str]) -> None:
    for cluster, number in used.items():
        finding = too_few(wanted["role"], number, cluster.hosts, names[cluster.id], wanted["mode"])
        if finding and finding.severity == "error":
            raise ProviderError(f"{finding.problem}. {finding.remedy}", "mode")
        if finding:
            log.warning("warning: %s. %s", finding.problem, finding.remedy)


def _document(machines: Sequence[Machine], names: Mapping[str, str]) -> list[dict[str, str]]:
    return [
        {
            "name": machine.name,
            "uuid": machine.uuid,
            "cluster": names[machine.cluster.id],
            "cluster_id": machine.cluster.id,
        }
        for machine in machines
        if machine.cluster
    ]
