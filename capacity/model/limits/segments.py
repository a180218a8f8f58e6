"""Segments (logical switches). What NSX-T allows depends on its version: no figure, no judgement."""

from __future__ import annotations

from capacity.model.limits.inventory import Inventory, Use
from capacity.model.limits.kind import CountedLimit, Flag, total_namespaces
from capacity.model.limits.pod_subnets import further_subnets
from capacity.model.plan import Network, Plan

_PER_CLUSTER = 2
"""Nodes and load balancer (docs-pks ``vsphere-nsxt-cluster-objects``)."""


class Segments(CountedLimit):
    """Two per cluster, one per namespace, and one per further subnet of a crowded namespace."""

    name = "segments"
    limit_figure, used_figure = "segment_limit", "segments_used"
    flags = (
        Flag("segment_limit", "--segment-limit", "segments that NSX-T allows"),
        Flag("segments_used", "--segments-used", "those of others"),
    )

    def planned(self, plan: Plan) -> int:
        further = sum(further_subnets(plan.network, demand) for demand in plan.demands)
        return len(plan.demands) * _PER_CLUSTER + total_namespaces(plan) + further

    def takes_per_namespace(self, network: Network) -> bool:
        del network
        return True

    def count(self, inventory: Inventory) -> Use:
        return inventory.segments()


SEGMENTS = Segments()
