"""``PlacementPreflight``: checks that vCenter can keep the VMs apart, before the cluster is created."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict

import pulumi
from pulumi.dynamic import Resource

from components.placement.compute_clusters import unusable_names
from components.placement.inventory import ComputeCluster, find, label
from components.placement.provider import PlacementProvider
from components.placement.sources import SOURCES
from components.runtime.preflight import PreflightProvider
from components.runtime.provider import Properties
from domain.finding import Finding
from domain.placement import ROLES, Placement, too_few


class PlacementPreflightProvider(PreflightProvider, PlacementProvider):
    """Reads hosts and vSphere clusters from vCenter."""

    def problems(self, wanted: Properties, before: Properties) -> Iterator[Finding]:
        del before
        yield from SOURCES[wanted["source"]].findings(wanted)
        with self.vcenter(wanted["datacenter"]) as vcenter:
            live = vcenter.clusters()
        names = wanted["compute_clusters"]
        yield from unusable_names(names, live)
        if not names and len(live) > 1:
            return  # which one is known when the VMs exist
        chosen = [cluster for name in names for cluster in find(name, live)] if names else live
        for cluster in dict.fromkeys(chosen):
            yield from _cluster_findings(cluster, label(cluster, live), wanted)


class PlacementPreflight(Resource, module="placement", name="PlacementPreflight"):
    """What vCenter must have for the rules, type ``pulumi-python:dynamic/placement:PlacementPreflight``.

    The cluster depends on it, so nothing is created when vCenter refuses the login or has too few hosts.
    """

    def __init__(
        self, resource_name: str, *, placement: Placement, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        """Declare the resource.

        Args:
            resource_name: Name in the stack.
            placement: What the rules must hold.
            opts: Options.
        """
        props = {**asdict(placement), "compute_clusters": list(placement.compute_clusters)}
        super().__init__(PlacementPreflightProvider(), resource_name, props, opts)


def _cluster_findings(cluster: ComputeCluster, name: str, wanted: Properties) -> Iterator[Finding]:
    if not cluster.drs:
        yield Finding(
            "compute_clusters",
            f"DRS is off in vSphere cluster {name}, so its rules have no effect",
            "Turn DRS on",
            severity="warning",
        )
    names: Sequence[str] = wanted["compute_clusters"]
    for role, plural in ROLES.items():
        # BOSH spreads the instances of a group evenly over the availability zones.
        share = -(-wanted[plural] // max(len(names), 1))
        if finding := too_few(role, share, cluster.hosts, name, wanted["mode"]):
            yield finding
