"""NSX-T's inventory: blocks, pools and objects with their limits. Pure: no I/O, no clock.

Sizes and limits are those of NSX-T 2.5 (docs.pivotal.io/pra/2-2 ``routing``, Broadcom KB 322486). Error codes
5141 and 10087 are documented (docs-pks 1.19); 5137 (block exhausted) and 5109 (pool exhausted) are those that
PKS's own NSX-T client checks for; the other codes and most texts are invented.
"""

from __future__ import annotations

import ipaddress
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

Object = dict[str, Any]

KINDS = ("logical-routers", "logical-switches", "loadbalancer/services", "loadbalancer/virtual-servers")
VIRTUAL_SERVERS = {"SMALL": 20, "MEDIUM": 100, "LARGE": 1000}
EDGE_CREDITS = {"SMALL": 1, "MEDIUM": 10, "LARGE": 40}
CREDITS_PER_EDGE = 40
"""A Large Edge VM; an active/standby pair counts once."""


class RefusedError(Exception):
    """NSX-T rejects the request; HTTP status, error code and message."""

    def __init__(self, status: int, code: int, message: str) -> None:
        super().__init__(message)
        self.status, self.code = status, code


@dataclass
class Inventory:
    """Complete state of NSX-T; ``dump`` and ``load`` convert it for storage."""

    blocks: dict[str, Object] = field(default_factory=dict)
    pools: dict[str, Object] = field(default_factory=dict)
    subnets: dict[str, Object] = field(default_factory=dict)
    allocations: dict[str, list[Object]] = field(default_factory=dict)
    objects: dict[str, dict[str, Object]] = field(default_factory=lambda: {kind: {} for kind in KINDS})
    edges: int = 10

    def dump(self) -> Object:
        """Returns the complete state as JSON."""
        return vars(self)

    @classmethod
    def load(cls, document: Mapping[str, Any]) -> Inventory:
        """Restores the state from the result of ``dump``."""
        return cls(**document)

    def create_subnet(self, body: Mapping[str, Any]) -> Object:
        """Allocates the first free subnet of ``size`` addresses in the block.

        Raises:
            RefusedError: Unknown block, a size that is not a power of two, or no room.
        """
        block = self.blocks.get(str(body.get("block_id")))
        if block is None:
            raise RefusedError(404, 600, f"The IP block {body.get('block_id')} could not be found.")
        size = int(body.get("size", 0))
        network = ipaddress.IPv4Network(block["cidr"])
        if size < 1 or size & (size - 1) or size > network.num_addresses:
            raise RefusedError(400, 5120, f"Size {size} is not a power of two within the size of the block.")
        taken = [
            ipaddress.IPv4Network(item["cidr"])
            for item in self.subnets.values()
            if item["block_id"] == block["id"]
        ]
        for candidate in _candidates(network, size, taken):
            return _keep(self.subnets, {**body, "cidr": str(candidate), "resource_type": "IpBlockSubnet"})
        raise RefusedError(
            409, 5137, f"IP block {block['display_name']} has no free subnet of {size} addresses."
        )

    def allocate(self, pool_id: str, body: Mapping[str, Any]) -> Object:
        """Allocates an address of the pool, the one in ``allocation_id`` if given.

        Raises:
            RefusedError: Unknown pool, address taken or outside the pool, or pool exhausted.
        """
        pool = self.pools.get(pool_id)
        if pool is None:
            raise RefusedError(404, 600, f"The IP pool {pool_id} could not be found.")
        items = self.allocations.setdefault(pool_id, [])
        used = {item["allocation_id"] for item in items}
        wanted = body.get("allocation_id")
        first, last = (ipaddress.IPv4Address(pool[end]) for end in ("start", "end"))
        if wanted is not None:
            if wanted in used:
                raise RefusedError(
                    409, 5141, f"IP address {wanted} is already allocated from pool {pool_id}."
                )
            if not first <= ipaddress.IPv4Address(wanted) <= last:
                raise RefusedError(400, 5114, f"IP address {wanted} is not in pool {pool_id}.")
        free = (str(ipaddress.IPv4Address(number)) for number in range(int(first), int(last) + 1))
        address = wanted or next((ip for ip in free if ip not in used), None)
        if address is None:
            raise RefusedError(409, 5109, f"IP pool {pool['display_name']} is exhausted.")
        item = {**body, "allocation_id": address}
        items.append(item)
        return item

    def shown_pool(self, pool_id: str) -> Object:
        """Returns a pool as the manager shows it, with its ranges and usage."""
        pool = self.pools[pool_id]
        total = int(ipaddress.IPv4Address(pool["end"])) - int(ipaddress.IPv4Address(pool["start"])) + 1
        taken = len(self.allocations.get(pool_id, []))
        usage = {"total_ids": total, "allocated_ids": taken, "free_ids": total - taken}
        ranges = [{"start": pool["start"], "end": pool["end"]}]
        return {**pool, "subnets": [{"allocation_ranges": ranges}], "pool_usage": usage}

    def shown_services(self) -> list[Object]:
        """Returns load balancers as the manager shows them, with the ids of their virtual servers."""
        servers = self.objects["loadbalancer/virtual-servers"]
        return [
            {**service, "virtual_server_ids": [i for i, s in servers.items() if s["lb_service_id"] == key]}
            for key, service in self.objects["loadbalancer/services"].items()
        ]

    def release(self, pool_id: str, address: str) -> None:
        """Releases an address; succeeds if it is not allocated."""
        kept = [item for item in self.allocations.get(pool_id, []) if item["allocation_id"] != address]
        self.allocations[pool_id] = kept

    def create(self, kind: str, body: Mapping[str, Any]) -> Object:
        """Creates an object of one of ``KINDS``.

        Raises:
            RefusedError: A load balancer or virtual server exceeds its limit.
        """
        if kind == "loadbalancer/services":
            self._check_edges(str(body.get("size", "SMALL")).upper())
        if kind == "loadbalancer/virtual-servers":
            self._check_virtual_servers(str(body.get("lb_service_id", "")))
        return _keep(self.objects[kind], dict(body))

    def remove_cluster(self, cluster: str) -> None:
        """Removes everything tagged with the cluster's UUID."""
        for store in (self.subnets, *self.objects.values()):
            for key in [key for key, item in store.items() if owner(item) == cluster]:
                del store[key]
        for pool, items in self.allocations.items():
            self.allocations[pool] = [item for item in items if owner(item) != cluster]

    def _check_edges(self, size: str) -> None:
        used = sum(
            EDGE_CREDITS[item.get("size", "SMALL")] for item in self.objects["loadbalancer/services"].values()
        )
        if used + EDGE_CREDITS[size] > self.edges * CREDITS_PER_EDGE // 2:
            raise RefusedError(409, 10087, "Number of loadbalancer requested exceed Edge node limit")

    def _check_virtual_servers(self, service: str) -> None:
        balancer = self.objects["loadbalancer/services"].get(service)
        if balancer is None:
            raise RefusedError(404, 600, f"The load balancer service {service} could not be found.")
        same = [
            item
            for item in self.objects["loadbalancer/virtual-servers"].values()
            if item.get("lb_service_id") == service
        ]
        size = balancer.get("size", "SMALL")
        if len(same) >= VIRTUAL_SERVERS[size]:
            raise RefusedError(
                409,
                23527,
                f"Load balancer of size {size} has {len(same)} virtual servers, which is its limit.",
            )


def cluster_tags(cluster: str) -> list[Object]:
    """Returns the tags of PKS's objects of a cluster: its own, and those by which NCP finds them."""
    return [{"scope": "pks/cluster", "tag": cluster}, {"scope": "ncp/cluster", "tag": f"pks-{cluster}"}]


def owner(item: Mapping[str, Any]) -> str | None:
    """Returns the UUID of the cluster that an object is tagged with."""
    tags = (str(tag["tag"]) for tag in item.get("tags") or [] if tag["scope"] == "ncp/cluster")
    return next((tag.removeprefix("pks-") for tag in tags), None)


def _candidates(
    network: ipaddress.IPv4Network, size: int, taken: list[ipaddress.IPv4Network]
) -> Iterator[ipaddress.IPv4Network]:
    same = {item for item in taken if item.num_addresses == size}
    others = [item for item in taken if item.num_addresses != size]
    for candidate in network.subnets(new_prefix=33 - size.bit_length()):
        if candidate not in same and not any(candidate.overlaps(item) for item in others):
            yield candidate


def _keep(store: dict[str, Object], item: Object) -> Object:
    item["id"] = str(uuid.uuid4())
    store[item["id"]] = item
    return item
