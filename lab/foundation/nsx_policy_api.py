"""NSX-T policy API: a read-only view of the inventory, as in a foundation in Policy mode or with NSX 9.

Field names are those of the NSX-T policy API reference. NCP has an IP pool with one block subnet per
namespace.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Iterable, Iterator, Mapping

from lab.foundation.inventory import Inventory, Object

PREFIX = "/policy/api/v1/infra"


class NotFoundError(Exception):
    """The collection or object does not exist."""


def collection(inventory: Inventory, path: str) -> list[Object]:
    """Returns the objects at a path below ``/infra``.

    Raises:
        NotFoundError: The collection does not exist.
    """
    if path in _LISTS:
        return list(_LISTS[path](inventory))
    match path.split("/"):
        case ["ip-pools", key, "ip-subnets"]:
            return _subnets(inventory, key)
        case ["ip-pools", key, "ip-allocations"] if key in inventory.pools:
            return [_allocation(item) for item in inventory.allocations.get(key, [])]
    raise NotFoundError(path)


def pool(inventory: Inventory, key: str) -> Object:
    """Returns a floating IP pool with its usage.

    Raises:
        NotFoundError: The pool does not exist.
    """
    if key not in inventory.pools:
        raise NotFoundError(key)
    shown = _with_path("ip-pools", inventory.pools[key])
    usage = inventory.shown_pool(key)["pool_usage"]
    return {
        **shown,
        "pool_usage": {
            "total_ips": usage["total_ids"],
            "allocated_ip_allocations": usage["allocated_ids"],
            "available_ips": usage["free_ids"],
        },
    }


def _pool_of(subnet: Object) -> Object:
    return _with_path("ip-pools", {"id": f"pool-{subnet['id']}", "tags": subnet.get("tags", [])})


def _subnets(inventory: Inventory, key: str) -> list[Object]:
    if key in inventory.pools:
        ends = {end: inventory.pools[key][end] for end in ("start", "end")}
        return [
            {"id": f"{key}-static", "resource_type": "IpAddressPoolStaticSubnet", "allocation_ranges": [ends]}
        ]
    subnet = inventory.subnets.get(key.removeprefix("pool-"))
    if subnet is None:
        raise NotFoundError(key)
    network = ipaddress.IPv4Network(subnet["cidr"])
    return [
        {
            "id": f"subnet-{subnet['id']}",
            "resource_type": "IpAddressPoolBlockSubnet",
            "ip_block_path": f"/infra/ip-blocks/{subnet['block_id']}",
            "size": network.num_addresses,
            "start_ip": str(network.network_address),
            "tags": subnet.get("tags", []),
        }
    ]


def _allocation(item: Object) -> Object:
    return {"id": item["allocation_id"], "allocation_ip": item["allocation_id"], "tags": item.get("tags", [])}


def _virtual_server(item: Object) -> Object:
    shown = _with_path("lb-virtual-servers", item)
    return {**shown, "lb_service_path": f"/infra/lb-services/{item['lb_service_id']}"}


def _with_path(kind: str, item: Object) -> Object:
    return {**item, "path": f"/infra/{kind}/{item['id']}"}


def _pools(inventory: Inventory) -> Iterator[Object]:
    yield from (pool(inventory, key) for key in inventory.pools)
    yield from map(_pool_of, inventory.subnets.values())


def _routers(inventory: Inventory) -> Iterator[Object]:
    for item in inventory.objects["logical-routers"].values():
        if item.get("router_type") == "TIER1":
            yield _with_path("tier-1s", item)


def _objects(kind: str, policy_kind: str) -> Callable[[Inventory], Iterable[Object]]:
    return lambda inventory: (_with_path(policy_kind, item) for item in inventory.objects[kind].values())


_LISTS: Mapping[str, Callable[[Inventory], Iterable[Object]]] = {
    "ip-blocks": lambda inventory: (_with_path("ip-blocks", item) for item in inventory.blocks.values()),
    "ip-pools": _pools,
    "tier-1s": _routers,
    "segments": _objects("logical-switches", "segments"),
    "lb-services": _objects("loadbalancer/services", "lb-services"),
    "lb-virtual-servers": lambda inventory: map(
        _virtual_server, inventory.objects["loadbalancer/virtual-servers"].values()
    ),
}
