"""Configuration by the foundation's operator: plans, blocks and pools of the PKS tile.

The plans are the article's, with the worker limits from their descriptions.
"""

from __future__ import annotations

import ipaddress
import uuid
from dataclasses import dataclass

from lab.foundation.inventory import Inventory, Object
from lab.layout import Lab
from lab.options import Options


def _id(name: str) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_DNS, f"{name}.lab.test"))


POD_BLOCK = _id("pod-block")
SPARE_POD_BLOCK = _id("spare-pod-block")
"""A second block, which the tile does not use; for network profiles."""
SPARE_POD_CIDR = "172.20.0.0/16"
NODE_BLOCK = _id("node-block")
FLOATING_POOL = _id("floating-pool")
TIER0_ROUTER = _id("t0-router")
NODE_SUBNET_PREFIX = 24
KUBERNETES_VERSION = "1.36.3"
PKS_VERSION = "1.27.0-build.7"  # invented: no release with this Kubernetes version is documented


@dataclass(frozen=True)
class Plan:
    """A plan of the tile."""

    name: str
    id: str
    description: str
    masters: int
    workers: int
    max_workers: int
    privileged: bool = False

    @property
    def document(self) -> Object:
        """Returns the API representation, with hyphenated keys (container-service-extension ``plan.py``)."""
        return {
            "id": self.id,
            "name": self.name,
            "description": self.description,
            "worker_instances": self.workers,
            "master_instances": self.masters,
            "allow-privileged-containers": self.privileged,
        }


PLANS = {
    plan.name: plan
    for plan in (
        Plan("dev-small", "8A0E21A8-8072-4D80-B365-D1F502085560", "1 master; 2 workers (max 4)", 1, 2, 4),
        Plan("dev-large", "58375a45-17f7-4291-acf1-455bfdc8e371", "1 master; 4 workers (max 8)", 1, 4, 8),
        Plan(
            "prod-large", "241118e5-69b2-4ef9-b47f-4d2ab071aff5", "3 masters; 10 workers (20 max)", 3, 10, 20
        ),
        Plan(
            "dev-tiny",
            "2fa82452-318d-4253-9f8e-0025863b8c8a",
            "1 master; 1 worker (max 2); auto-adds DNS record upon completion.",
            1,
            1,
            2,
        ),
        Plan(
            "rancher",
            "fa824527-318d-4253-9f8e-0025863b8c8a",
            "Deploys HA configuration with 3 workers for testing Rancher HA builds.",
            3,
            3,
            10,
            privileged=True,
        ),
    )
}


def inventory(lab: Lab, options: Options) -> Inventory:
    """Returns the NSX-T inventory before the first cluster."""
    pool = ipaddress.IPv4Network(lab.floating_ips)
    blocks = {
        POD_BLOCK: ("pks-pods", options.pod_block),
        SPARE_POD_BLOCK: ("pks-pods-2", SPARE_POD_CIDR),
        NODE_BLOCK: ("pks-nodes", options.node_block),
    }
    return Inventory(
        blocks={
            key: {"id": key, "display_name": name, "cidr": cidr, "resource_type": "IpBlock", "tags": []}
            for key, (name, cidr) in blocks.items()
        },
        pools={
            FLOATING_POOL: {
                "id": FLOATING_POOL,
                "display_name": "pks-floating-ips",
                "start": str(pool[10]),
                "end": str(pool[-6]),
                "cidr": str(pool),
                "resource_type": "IpPool",
                "tags": [],
            }
        },
        allocations={FLOATING_POOL: []},
    )
