"""``Hosts``: whether vCenter can keep the VMs apart, asked before the cluster is ordered."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Literal

import pulumi
from pulumi.dynamic import Resource

from components.placement import bosh_cli
from components.placement.credentials import PlacementProvider
from components.runtime.errors import log
from components.runtime.preflight import InspectionProvider, Problem
from components.runtime.provider import Properties

Mode = Literal["should", "must"]
"""``should``: DRS does its best. ``must``: vSphere rather leaves a VM off than break the rule."""

Source = Literal["bosh", "attributes"]
"""How the VMs are found: ``bosh vms``, or the custom attributes that BOSH sets on them in vCenter."""

ROLES = {"master": "masters", "worker": "workers"}
"""BOSH instance group -> what they are called together."""


@dataclass(frozen=True, kw_only=True)
class Placement:
    """What the rules are to hold.

    Attributes:
        mode: How strict.
        source: How the VMs are found.
        masters: Number of masters.
        workers: Number of workers.
        compute_clusters: vSphere clusters with the VMs, one or more (as a rule one an availability zone);
            empty: all are in one, whichever it is.
        datacenter: vSphere datacenter to look in; empty: all.
        bosh_cli: The ``bosh`` CLI.
    """

    mode: Mode
    source: Source
    masters: int
    workers: int
    compute_clusters: tuple[str, ...] = ()
    datacenter: str = ""
    bosh_cli: str = "bosh"


class HostsProvider(InspectionProvider, PlacementProvider):
    """Asks vCenter."""

    def problems(self, wanted: Properties, before: Properties) -> Iterator[Problem]:  # noqa: ARG002
        from components.placement import vcenter  # noqa: PLC0415 - a preview without changes needs none

        if wanted["source"] == "bosh" and shutil.which(wanted["bosh_cli"]) is None:
            yield "bosh_cli", bosh_cli.missing(wanted["bosh_cli"])
        with vcenter.session(self.vcenter, wanted["datacenter"]) as session:
            live = session.clusters()
        chosen = wanted["compute_clusters"]
        for name in chosen:
            if name not in {cluster.name for cluster in live}:
                known = ", ".join(cluster.name for cluster in live) or "none that this user may see"
                yield (
                    "compute_clusters",
                    f"vCenter has no vSphere cluster {name!r} (config vsphereComputeClusters), only {known}",
                )
        if not chosen and len(live) > 1:
            return  # which it is shows when the VMs are there
        for cluster in live:
            if chosen and cluster.name not in chosen:
                continue
            if not cluster.drs:
                log.warning(
                    "warning: DRS is off in vSphere cluster %s: nobody follows its rules", cluster.name
                )
            for role, plural in ROLES.items():
                # BOSH spreads the instances of a group evenly over the availability zones.
                share = -(-wanted[plural] // max(len(chosen), 1))
                problem = too_few(role, share, cluster.hosts, cluster.name)
                if problem and wanted["mode"] == "must":
                    yield plural, problem
                elif problem:
                    log.warning("warning: %s", problem)


class Hosts(Resource, module="placement", name="Hosts"):
    """What vCenter must have for the rules, type ``pulumi-python:dynamic/placement:Hosts``.

    The cluster depends on it, so nothing is ordered when vCenter refuses the login or has too few hosts.
    """

    def __init__(
        self, resource_name: str, placement: Placement, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        props = {**asdict(placement), "compute_clusters": list(placement.compute_clusters)}
        super().__init__(HostsProvider(), resource_name, props, opts)


def too_few(role: str, machines: int, hosts: int, cluster: str) -> str:
    """What is said when a cluster has fewer hosts than VMs of a role; empty when it has enough."""
    if machines <= max(hosts, 1):
        return ""
    number = f"{hosts} hosts" if hosts != 1 else "1 host"
    return (
        f"vSphere cluster {cluster} has {number} in service for {machines} {ROLES[role]}: not all can be on "
        "hosts of their own. Add hosts, or have fewer VMs; with antiAffinity should, DRS keeps apart as many "
        "as it can"
    )


def among(names: Sequence[str]) -> str:
    """A config value for these clusters."""
    return "[" + ", ".join(f'"{name}"' for name in names) + "]"
