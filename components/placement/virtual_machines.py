"""``VirtualMachines``: where in vCenter the VMs of one role of a cluster are."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import pulumi
from pulumi.dynamic import CreateResult, DiffResult, ReadResult, Resource, UpdateResult

from components.placement.credentials import PlacementProvider
from components.placement.preflight import ROLES, Mode, among, too_few
from components.runtime.errors import ProviderError, log
from components.runtime.provider import Properties, changed, plain

if TYPE_CHECKING:
    from components.placement.vcenter import ComputeCluster, Machine, VCenter

_IDENTITY = ["role", "deployment", "names", "datacenter", "compute_clusters", "mode", "triggers"]


class VirtualMachinesProvider(PlacementProvider):
    """Asks vCenter at creation, when BOSH or the config names other VMs, and at a refresh."""

    def diff(self, _id: str, _olds: dict[str, Any], _news: dict[str, Any]) -> DiffResult:
        return DiffResult(changes=bool(changed(_olds, _news, _IDENTITY)))

    def create(self, props: dict[str, Any]) -> CreateResult:
        wanted = plain(props)
        return CreateResult(f"{wanted['deployment']}/{wanted['role']}", self._judged(wanted))

    def update(self, _id: str, _olds: dict[str, Any], _news: dict[str, Any]) -> UpdateResult:
        return UpdateResult(self._judged(plain(_news)))

    def read(self, id_: str, props: dict[str, Any]) -> ReadResult:
        known = plain(props)
        found, _ = self._found(known)
        if not found:
            return ReadResult("", {})
        for name in sorted(set(known.get("names") or []) - {machine.name for machine in found}):
            log.warning("warning: %s %s is not in vCenter any more", known["role"], name)
        return ReadResult(id_, {**known, "machines": _document(found)})

    def _judged(self, wanted: Properties) -> Properties:
        """The VMs, once nothing speaks against a rule for them."""
        found, server = self._found(wanted)
        role, deployment = wanted["role"], wanted["deployment"]
        names = wanted.get("names")
        absent = sorted(set(names or []) - {machine.name for machine in found})
        where = f"vCenter {server}" + (f", datacenter {wanted['datacenter']}" if wanted["datacenter"] else "")
        if absent:
            raise ProviderError(
                f"{', '.join(absent)}: BOSH has {role} VMs of this name in {deployment}, but {where} does "
                "not show them. Is it the right vCenter (vsphereServer, vsphereDatacenter), may vsphereUser "
                "see them? If they were deleted there, let BOSH mend it "
                f"(`bosh -d {deployment} cloud-check`), then run `pulumi refresh` and `pulumi up`"
            )
        if not found:
            raise ProviderError(
                f"{where} shows no VM with the custom attributes deployment = {deployment} and job = {role}. "
                "Is it the right vCenter (vsphereServer, vsphereDatacenter), may vsphereUser see them? Or "
                "have BOSH asked: vmSource bosh"
            )
        outside = [machine.name for machine in found if machine.cluster is None]
        if outside:
            raise ProviderError(
                f"{', '.join(outside)} ({role}): on a host outside of any vSphere cluster, where there are "
                "no rules. Set antiAffinity to off"
            )
        clusters = {machine.cluster for machine in found if machine.cluster is not None}
        _check_clusters(role, sorted(cluster.name for cluster in clusters), wanted["compute_clusters"])
        per_cluster = Counter(machine.cluster for machine in found)
        for cluster in clusters:
            _check_hosts(role, per_cluster[cluster], cluster, wanted["mode"])
        return {**wanted, "machines": _document(found)}

    def _found(self, wanted: Properties) -> tuple[list[Machine], str]:
        """The VMs that vCenter shows, by name, and which vCenter it is."""
        from components.placement import vcenter  # noqa: PLC0415 - a preview without changes needs none

        access = self.vcenter
        with vcenter.session(access, wanted["datacenter"]) as session:
            found = _chosen(session, wanted)
        return sorted(found, key=lambda machine: machine.name), access.server


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
        names: pulumi.Input[Sequence[str]] | None,
        datacenter: str,
        compute_clusters: Sequence[str],
        mode: Mode,
        triggers: Sequence[pulumi.Input[Any]] = (),
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Declare it.

        Args:
            resource_name: Name in the stack.
            role: ``master`` or ``worker``.
            deployment: BOSH deployment that they are of.
            names: Their names; None: those with the custom attributes ``deployment`` and ``job``.
            datacenter: vSphere datacenter to look in; empty: all.
            compute_clusters: The vSphere clusters that they may be in; empty: any one.
            mode: Whether too few hosts are an error (``must``) or a warning.
            triggers: Values whose change makes vCenter be asked again.
            opts: Options.
        """
        props = {
            "role": role,
            "deployment": deployment,
            "names": names,
            "datacenter": datacenter,
            "compute_clusters": list(compute_clusters),
            "mode": mode,
            "triggers": list(triggers),
            "machines": None,
        }
        super().__init__(VirtualMachinesProvider(), resource_name, props, opts)


def _chosen(session: VCenter, wanted: Properties) -> list[Machine]:
    names = wanted.get("names")
    if names is not None:
        return [machine for machine in session.machines() if machine.name in names]
    attributes = {"deployment": wanted["deployment"], "job": wanted["role"]}.items()
    return [machine for machine in session.machines() if attributes <= machine.attributes.items()]


def _check_clusters(role: str, names: Sequence[str], configured: Sequence[str]) -> None:
    """The clusters decide how many rules there are: with several the config must name them."""
    if configured:
        other = [name for name in names if name not in configured]
        if not other:
            return
        reason = f"the {ROLES[role]} run in {', '.join(names)}, not only in those of vsphereComputeClusters"
    elif len(names) > 1:
        reason = f"the {ROLES[role]} run in several vSphere clusters"
    else:
        return
    raise ProviderError(f"{reason}: set vsphereComputeClusters to {among(sorted({*names, *configured}))}")


def _check_hosts(role: str, machines: int, cluster: ComputeCluster, mode: Mode) -> None:
    problem = too_few(role, machines, cluster.hosts, cluster.name)
    if problem and mode == "must":
        raise ProviderError(problem)
    if problem:
        log.warning("warning: %s", problem)


def _document(machines: Sequence[Machine]) -> list[dict[str, str]]:
    return [
        {
            "name": machine.name,
            "uuid": machine.uuid,
            "cluster": machine.cluster.name if machine.cluster else "",
            "cluster_id": machine.cluster.id if machine.cluster else "",
        }
        for machine in machines
    ]
