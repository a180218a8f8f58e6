"""``PlacementCheck``: whether vCenter can keep the VMs apart."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from components.placement.provider import session
from components.placement.sources import SOURCES
from components.runtime.errors import ProviderError
from components.runtime.preflight import Check
from components.runtime.provider import Properties
from domain.compute_clusters import unusable_names
from domain.credentials import Lookup
from domain.finding import Finding
from domain.placement import ROLES, too_few
from domain.vsphere import ComputeCluster, find, label


class PlacementCheck(Check):
    """Reads hosts and vSphere clusters from vCenter. Inputs: the fields of ``domain.placement.Placement``."""

    def findings(self, wanted: Properties, before: Properties, config: Lookup) -> Iterator[Finding]:
        del before
        yield from SOURCES[wanted["source"]].findings(wanted)
        try:
            with session(config, wanted["datacenter"]) as vcenter:
                live = vcenter.clusters()
        except ProviderError as error:
            yield Finding(",".join(error.properties), str(error))
            return
        names = wanted["compute_clusters"]
        yield from unusable_names(names, live)
        if not names and len(live) > 1:
            return  # which one is known when the VMs exist
        chosen = [cluster for name in names for cluster in find(name, live)] if names else live
        for cluster in dict.fromkeys(chosen):
            yield from _cluster_findings(cluster, label(cluster, live), wanted)


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
