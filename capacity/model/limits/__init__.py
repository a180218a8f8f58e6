"""The limits of a network, one module each: what takes from it, its capacity, its reading, its remedies.

A new limit is a module here, an entry in ``KINDS``, and the fields of the plan that give its figures.
"""

from __future__ import annotations

from capacity.model.limits.etcd import ETCD
from capacity.model.limits.floating_ips import FLOATING_IPS
from capacity.model.limits.kind import LimitKind
from capacity.model.limits.node_subnets import NODE_SUBNETS
from capacity.model.limits.pod_subnets import POD_SUBNETS
from capacity.model.limits.role_bindings import ROLE_BINDINGS
from capacity.model.limits.segments import SEGMENTS
from capacity.model.limits.tier1_routers import TIER1_ROUTERS
from capacity.model.limits.virtual_servers import VIRTUAL_SERVERS

__all__ = [
    "ETCD",
    "FLOATING_IPS",
    "KINDS",
    "NODE_SUBNETS",
    "POD_SUBNETS",
    "ROLE_BINDINGS",
    "SEGMENTS",
    "TIER1_ROUTERS",
    "VIRTUAL_SERVERS",
]

KINDS: tuple[LimitKind, ...] = (
    POD_SUBNETS,
    FLOATING_IPS,
    TIER1_ROUTERS,
    SEGMENTS,
    VIRTUAL_SERVERS,
    NODE_SUBNETS,
    ROLE_BINDINGS,
    ETCD,
)
"""Every limit, in the order of the reports."""
