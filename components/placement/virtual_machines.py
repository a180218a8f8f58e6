"""``VirtualMachines``: the VMs of one role of a cluster, and the vSphere clusters they run in."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pulumi
from pulumi.dynamic import Resource

from components.placement.provider import PlacementProvider
from components.placement.sources import SOURCES
from components.runtime.errors import ProviderError, log
from components.runtime.provider import Properties
from domain import rule_members
from domain.compute_clusters import names_by_id, unfit_names
from domain.placement import Placement
from domain.vsphere import ComputeCluster, Machine


class VirtualMachinesProvider(PlacementProvider):
    """Reads from vCenter at creation, when an input has changed, and at a refresh."""

    updates = ("role", "deployment", "source", "names", "datacenter", "compute_clusters", "mode", "triggers")

    def apply(self, wanted: Properties, before: Properties) -> Properties:
        del before
        found, live, where = self._read(wanted)
        if problem := SOURCES[wanted["source"]].missing(found, wanted, where):
            raise ProviderError(problem, "source", "datacenter")
        names = wanted["compute_clusters"]
        for finding in rule_members.findings(wanted["role"], found, names, live, wanted["mode"]):
            if finding.severity == "error":
                raise ProviderError.of(finding)
            log.warning("warning: %s", finding)
        return {"machines": rule_members.members(found, names_by_id(live, names, live))}

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
        names = names_by_id(used, known["compute_clusters"], live)
        if unfit := unfit_names(known["role"], used, known["compute_clusters"], live):
            log.warning("warning: %s", ProviderError.of(unfit))
            names = {cluster.id: cluster.name for cluster in used}
        return {"machines": rule_members.members(found, names)}

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
        placement: Placement,
        names: pulumi.Input[Sequence[str]] | None,
        triggers: Sequence[pulumi.Input[Any]] = (),
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Declare the resource.

        Args:
            resource_name: Name in the stack.
            role: A key of ``domain.placement.ROLES``.
            deployment: BOSH deployment of the VMs.
            placement: What the rules must hold.
            names: Their names, if the source reads them outside of vCenter.
            triggers: Values whose change makes it read again.
            opts: Options.
        """
        props = {
            "role": role,
            "deployment": deployment,
            "source": placement.source,
            "names": names,
            "datacenter": placement.datacenter,
            "compute_clusters": list(placement.compute_clusters),
            "mode": placement.mode,
            "triggers": list(triggers),
            "machines": None,
        }
        super().__init__(VirtualMachinesProvider(), resource_name, props, opts)
