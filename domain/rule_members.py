"""The VMs of one role that anti-affinity rules hold: whether they can, and as the resources keep them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from domain.compute_clusters import names_by_id, unfit_names
from domain.finding import Finding
from domain.placement import Mode, too_few
from domain.vsphere import ComputeCluster, Machine

Member = Mapping[str, str]
"""A VM: its ``name``, BIOS ``uuid``, the name (``cluster``) and the id (``cluster_id``) of its cluster."""


def findings(
    role: str, machines: Sequence[Machine], names: Sequence[str], live: Sequence[ComputeCluster], mode: Mode
) -> Iterator[Finding]:
    """Why rules cannot hold the VMs, and warnings where they have too little effect.

    The keys are properties of ``VirtualMachines``.

    Args:
        role: Role of the VMs.
        machines: The VMs.
        names: The configured names of vSphere clusters; empty: the VMs must all be in one cluster.
        live: All vSphere clusters.
        mode: How strict the rules are.
    """
    if finding := _unfit(role, machines):
        yield finding
    used = Counter(machine.cluster for machine in machines if machine.cluster)
    if finding := unfit_names(role, list(used), names, live):
        yield finding
    labels = names_by_id(used, names, live)
    for cluster, number in used.items():
        if finding := too_few(role, number, cluster.hosts, labels[cluster.id], mode):
            yield replace(finding, key="mode" if finding.severity == "error" else "")


def members(machines: Iterable[Machine], names: Mapping[str, str]) -> list[dict[str, str]]:
    """The VMs as the resources keep them.

    Args:
        machines: VMs; those outside of any vSphere cluster are left out.
        names: Names of the vSphere clusters by managed object id.
    """
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


def groups(kept: Iterable[Member]) -> Iterator[tuple[str, str, list[str]]]:
    """Name and id of each vSphere cluster with two or more of the VMs, and their UUIDs, sorted."""
    found: dict[tuple[str, str], list[str]] = {}
    for machine in kept:
        found.setdefault((machine["cluster"], machine["cluster_id"]), []).append(machine["uuid"])
    for (name, id_), uuids in sorted(found.items()):
        if len(uuids) > 1:
            yield name, id_, sorted(uuids)


def others(held: Iterable[tuple[str, str]], uuids: Collection[str]) -> str:
    """Which VMs of an existing rule are not this cluster's, in words; empty if all are.

    Args:
        held: Name and UUID of each VM of the rule; no UUID: vCenter cannot read it.
        uuids: UUIDs of the VMs that the rule may hold.
    """
    known = sorted(held)
    foreign = ", ".join(name for name, uuid in known if uuid and uuid not in uuids)
    unreadable = ", ".join(name for name, uuid in known if not uuid)
    words = (
        foreign and f"for {foreign}",
        unreadable and f"with VMs that cannot be read ({unreadable})",
    )
    return " and ".join(filter(None, words))


def _unfit(role: str, machines: Sequence[Machine]) -> Finding | None:
    """Each VM can be in a rule, and its name means no other."""
    if twice := [name for name, number in Counter(item.name for item in machines).items() if number > 1]:
        return Finding(
            "datacenter",
            f"{', '.join(twice)} ({role}): vCenter has several VMs of this name",
            "Set the datacenter of the cluster",
        )
    if unreadable := [machine.name for machine in machines if not machine.readable]:
        return Finding(
            "",
            f"{', '.join(unreadable)} ({role}): vCenter cannot read these VMs; they may be orphaned or "
            "inaccessible",
            "Repair them in vCenter or let BOSH recreate them, then run `pulumi up` again",
        )
    if outside := [machine.name for machine in machines if machine.cluster is None]:
        return Finding(
            "mode",
            f"{', '.join(outside)} ({role}): on a host outside of any vSphere cluster, where no rules exist",
            "Turn the anti-affinity rules off",
        )
    return None
