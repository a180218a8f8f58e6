"""The policy API (``/policy/api/v1``): NSX 9 has no other, and TKGI 1.16 and later can migrate to it.

Source: NSX-T policy API reference. NCP takes a namespace's subnet as ``IpAddressPoolBlockSubnet`` of an IP
pool, which has its size and not always its address.
"""

from __future__ import annotations

import ipaddress
from collections import Counter
from collections.abc import Iterable
from functools import cached_property

from capacity.model.nsx.inventory import (
    LoadBalancer,
    NsxInventory,
    Object,
    Pool,
    Subnet,
    integer,
    ipv4,
    mapping,
)

_API = "/policy/api/v1/infra"


class PolicyInventory(NsxInventory):
    """Objects as the policy API shows them."""

    api = "policy API"

    def _ip_blocks(self) -> list[Object]:
        return self._list("ip-blocks")

    def _subnets(self, block: Object) -> Iterable[Subnet]:
        for pool, item in self._pool_subnets:
            if item.get("ip_block_path") == block.get("path"):
                size = integer(item.get("size"))
                own = self._is_own(item) or self._is_own(pool)
                yield Subnet(own, ipv4(item["cidr"]) if "cidr" in item else _network(item, size), size)

    @cached_property
    def _pool_subnets(self) -> list[tuple[Object, Object]]:
        """Each IP pool with each of its subnets."""
        pools = self._list("ip-pools")
        return [
            (pool, item) for pool in pools for item in self._list(f"ip-pools/{pool.get('id')}/ip-subnets")
        ]

    def _pool(self, pool: str) -> Pool:
        usage = mapping(self._manager.get(f"{_API}/ip-pools/{pool}").get("pool_usage"))
        total = integer(usage.get("total_ips"))
        if not total:
            total = sum(map(_addresses, self._list(f"ip-pools/{pool}/ip-subnets")))
        allocations = self._list(f"ip-pools/{pool}/ip-allocations")
        return Pool(
            total,
            integer(usage.get("allocated_ip_allocations")),
            [(str(item.get("allocation_ip", "")), item) for item in allocations],
        )

    def _tier1_routers(self) -> list[Object]:
        return self._list("tier-1s")

    def _segments(self) -> list[Object]:
        return self._list("segments")

    def _virtual_servers(self) -> list[Object]:
        return self._servers

    @cached_property
    def _servers(self) -> list[Object]:
        return self._list("lb-virtual-servers")

    def load_balancers(self) -> tuple[LoadBalancer, ...]:
        own = [item for item in self._list("lb-services") if self._is_own(item)] if self._cluster else []
        servers = Counter(item.get("lb_service_path") for item in (self._servers if own else ()))
        return tuple(
            LoadBalancer(str(item.get("size", "unknown")).lower(), servers[item.get("path")]) for item in own
        )

    def _list(self, path: str) -> list[Object]:
        return self._manager.list(f"{_API}/{path}")


def _network(item: Object, size: int) -> ipaddress.IPv4Network | None:
    """The network of a subnet that gives its first address and its size, a power of two."""
    if size < 1 or "start_ip" not in item:
        return None
    return ipv4(f"{item['start_ip']}/{33 - size.bit_length()}")


def _addresses(subnet: Object) -> int:
    """Addresses of a pool's static subnet."""
    ranges = subnet.get("allocation_ranges")
    total = 0
    for item in ranges if isinstance(ranges, list) else ():
        try:
            first, last = (int(ipaddress.IPv4Address(item[end])) for end in ("start", "end"))
        except (KeyError, TypeError, ValueError):
            continue
        total += max(last - first + 1, 0)
    return total
