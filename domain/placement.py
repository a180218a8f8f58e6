"""Placement of a cluster's VMs on ESXi hosts: the roles of VMs, and how many hosts a role needs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from domain.finding import Finding

Mode = Literal["should", "must"]
"""``should``: DRS keeps VMs apart as far as it can. ``must``: vSphere does not start a VM that would break
the rule."""

ROLES: Mapping[str, str] = {"master": "masters", "worker": "workers"}
"""Role of a VM -> its plural. Each role has its own anti-affinity rule."""

_WINDOWS = "windows-worker"
_SHORT_LIVED = ("apply-addons", "compilation-")
"""Start of the names of instance groups whose VMs exist only while a task of BOSH runs."""


@dataclass(frozen=True, kw_only=True)
class Placement:
    """What the anti-affinity rules of a cluster must hold.

    Attributes:
        mode: How strict the rules are.
        source: Where the names of the VMs come from; a name of ``components.placement.sources``.
        masters: Number of masters.
        workers: Number of workers.
        compute_clusters: vSphere clusters with the VMs, usually one for each availability zone: the name, or
            ``datacenter/name`` where the name is not unique. Empty: all VMs are in one vSphere cluster.
        datacenter: vSphere datacenter to search; empty: all.
        bosh_cli: The ``bosh`` CLI.
    """

    mode: Mode
    source: str
    masters: int
    workers: int
    compute_clusters: tuple[str, ...] = ()
    datacenter: str = ""
    bosh_cli: str = "bosh"


def role_of(instance_group: str) -> str | None:
    """Role of the VMs of a BOSH instance group; None for groups that have no anti-affinity rule.

    The workers of a node pool are in the group ``worker-<pool>`` (docs-pks 1.20, `bosh-vm-extensions`). The
    custom attribute ``job`` of a VM in vCenter has the same value.
    """
    if instance_group == "worker" or instance_group.startswith("worker-"):
        return "worker"
    return instance_group if instance_group in ROLES else None


def by_role(groups: Mapping[str, Sequence[str]]) -> dict[str, list[str]]:
    """The VMs of instance groups by the plural of their role, sorted."""
    return {
        plural: sorted(vm for group, vms in groups.items() if role_of(group) == role for vm in vms)
        for role, plural in ROLES.items()
    }


def plural(role: str) -> str:
    """Name of several VMs of a role, or of an instance group without one."""
    return ROLES.get(role, f"{role} VMs")


def is_windows_pool(instance_group: str) -> bool:
    """Whether an instance group has Windows workers (docs-pks 1.20): ``windows-worker[-<pool>]``."""
    return instance_group == _WINDOWS or instance_group.startswith(f"{_WINDOWS}-")


def too_few(role: str, machines: int, hosts: int, compute_cluster: str, mode: Mode) -> Finding | None:
    """Checks that each VM of a role can run on its own host.

    Args:
        role: Role of the VMs.
        machines: Number of VMs in the vSphere cluster.
        hosts: Number of its hosts that can run VMs.
        compute_cluster: Name of the vSphere cluster.
        mode: Too few hosts are an error with ``must`` and a warning with ``should``.

    Returns:
        A finding whose key is the plural of the role; None if there are enough hosts.
    """
    if machines <= max(hosts, 1):
        return None
    number = f"{hosts} hosts" if hosts != 1 else "1 host"
    return Finding(
        ROLES[role],
        f"vSphere cluster {compute_cluster} has {number} in service for {machines} {ROLES[role]}, so some "
        "share a host",
        "Add hosts or have fewer VMs"
        + ("; with the mode `should`, DRS keeps apart as many as it can" if mode == "must" else ""),
        severity="error" if mode == "must" else "warning",
    )


def without_rule(groups: Mapping[str, int]) -> Iterator[Finding]:
    """Warnings for instance groups with VMs that no anti-affinity rule holds.

    Args:
        groups: Number of VMs by instance group.
    """
    for group, number in sorted(groups.items()):
        if not number or role_of(group) or group.startswith(_SHORT_LIVED):
            continue
        kind = "Windows pool" if is_windows_pool(group) else "instance group"
        vms = f"{number} VMs" if number != 1 else "1 VM"
        yield Finding(
            "",
            f"no anti-affinity rule holds the {vms} of the {kind} {group or 'without a name'}",
            "Create a rule in vCenter if they must run on different hosts",
            severity="warning",
        )
