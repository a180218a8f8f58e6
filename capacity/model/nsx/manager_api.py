"""The manager API (``/api/v1``) of NSX-T up to 4.x.

Source: NSX-T REST API reference, ``List Ip Blocks``, ``List Ip Block Subnets``, ``List Ip Pools``, ``List
Logical Routers``, ``List Load Balancer Services``.
"""

from __future__ import annotations

from collections.abc import Iterable

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

_API = "/api/v1"


class ManagerInventory(NsxInventory):
    """Objects as the manager API shows them."""

    api = "manager API"

    def _ip_blocks(self) -> list[Object]:
        return self._list("pools/ip-blocks")

    def _subnets(self, block: Object) -> Iterable[Subnet]:
        for item in self._list("pools/ip-subnets", block_id=str(block.get("id", ""))):
            yield Subnet(self._is_own(item), ipv4(item.get("cidr")), integer(item.get("size")))

    def _pool(self, pool: str) -> Pool:
        usage = mapping(self._manager.get(f"{_API}/pools/ip-pools/{pool}").get("pool_usage"))
        allocations = self._list(f"pools/ip-pools/{pool}/allocations")
        return Pool(
            integer(usage.get("total_ids")),
            integer(usage.get("allocated_ids")),
            [(str(item.get("allocation_id", "")), item) for item in allocations],
        )

    def _tier1_routers(self) -> list[Object]:
        return [item for item in self._list("logical-routers") if item.get("router_type") == "TIER1"]

    def _segments(self) -> list[Object]:
        return self._list("logical-switches")

    def _virtual_servers(self) -> list[Object]:
        return self._list("loadbalancer/virtual-servers")

    def load_balancers(self) -> tuple[LoadBalancer, ...]:
        own = filter(self._is_own, self._list("loadbalancer/services")) if self._cluster else ()
        return tuple(
            LoadBalancer(str(item.get("size", "unknown")).lower(), len(item.get("virtual_server_ids") or []))
            for item in own
        )

    def _list(self, path: str, **query: str) -> list[Object]:
        return self._manager.list(f"{_API}/{path}", **query)
