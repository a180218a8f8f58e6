"""The NSX-T inventory: allocation in order, limits, and the manager's API over it."""

from __future__ import annotations

import ipaddress
from typing import Any

import pytest

from lab.foundation import tile
from lab.foundation.inventory import Inventory, RefusedError
from tests.lab.foundation_site import Site, idle_site, site

__all__ = ["idle_site", "site"]


def _inventory(block: str = "172.16.0.0/22", edges: int = 10) -> Inventory:
    pool = {"id": "pool", "display_name": "pool", "start": "10.0.0.10", "end": "10.0.0.12"}
    return Inventory(
        blocks={"block": {"id": "block", "display_name": "pods", "cidr": block}},
        pools={"pool": pool},
        allocations={"pool": []},
        edges=edges,
    )


def _tags(cluster: str) -> dict[str, Any]:
    return {"tags": [{"scope": "ncp/cluster", "tag": f"pks-{cluster}"}], "display_name": cluster}


def _subnet(inventory: Inventory, size: int = 256, cluster: str = "one") -> str:
    body = {"block_id": "block", "size": size, **_tags(cluster)}
    return str(inventory.create_subnet(body)["cidr"])


def _refusal(call: Any, *arguments: Any) -> tuple[int, int]:
    with pytest.raises(RefusedError) as caught:
        call(*arguments)
    return caught.value.status, caught.value.code


def test_subnets_come_in_order_until_the_block_is_exhausted() -> None:
    inventory = _inventory()
    assert [_subnet(inventory) for _ in range(4)] == [f"172.16.{number}.0/24" for number in range(4)]
    assert _refusal(_subnet, inventory) == (409, 5137)


def test_a_freed_subnet_is_used_again() -> None:
    inventory = _inventory()
    for _ in range(4):
        _subnet(inventory)
    second = next(key for key, item in inventory.subnets.items() if item["cidr"] == "172.16.1.0/24")
    del inventory.subnets[second]
    assert _subnet(inventory) == "172.16.1.0/24"


def test_subnets_of_all_sizes_never_overlap() -> None:
    inventory = _inventory()
    sizes = [32, 256, 64, 16, 256, 128, 32]
    networks = [ipaddress.IPv4Network(_subnet(inventory, size)) for size in sizes]
    assert [network.num_addresses for network in networks] == sizes
    for index, network in enumerate(networks):
        assert not any(network.overlaps(other) for other in networks[:index])
    assert _refusal(_subnet, inventory, 512) == (409, 5137)


def test_a_default_block_holds_256_namespaces() -> None:
    inventory = _inventory("172.16.0.0/16")
    for _ in range(256):
        _subnet(inventory)
    assert _refusal(_subnet, inventory) == (409, 5137)


@pytest.mark.parametrize("size", [0, 100, 2048])
def test_bad_sizes(size: int) -> None:
    assert _refusal(_subnet, _inventory(), size) == (400, 5120)


def test_addresses_of_a_pool() -> None:
    inventory = _inventory()
    assert inventory.allocate("pool", {"allocation_id": "10.0.0.11"})["allocation_id"] == "10.0.0.11"
    assert _refusal(inventory.allocate, "pool", {"allocation_id": "10.0.0.11"}) == (409, 5141)
    assert _refusal(inventory.allocate, "pool", {"allocation_id": "10.0.0.13"}) == (400, 5114)
    assert [inventory.allocate("pool", {})["allocation_id"] for _ in range(2)] == ["10.0.0.10", "10.0.0.12"]
    assert _refusal(inventory.allocate, "pool", {}) == (409, 5109)
    inventory.release("pool", "10.0.0.10")
    inventory.release("pool", "10.0.0.10")
    assert inventory.allocate("pool", {})["allocation_id"] == "10.0.0.10"
    assert _refusal(inventory.allocate, "other", {}) == (404, 600)


@pytest.mark.parametrize(("size", "limit"), [("SMALL", 20), ("MEDIUM", 100), ("LARGE", 1000)])
def test_virtual_servers_are_limited_by_the_size(size: str, limit: int) -> None:
    inventory = _inventory()
    service = inventory.create("loadbalancer/services", {"size": size})["id"]
    body = {"lb_service_id": service}
    for _ in range(limit):
        inventory.create("loadbalancer/virtual-servers", body)
    assert _refusal(inventory.create, "loadbalancer/virtual-servers", body) == (409, 23527)
    second = inventory.create("loadbalancer/services", {"size": size})["id"]
    inventory.create("loadbalancer/virtual-servers", {"lb_service_id": second})
    absent = {"lb_service_id": "absent"}
    assert _refusal(inventory.create, "loadbalancer/virtual-servers", absent) == (404, 600)


@pytest.mark.parametrize(("size", "limit"), [("SMALL", 200), ("MEDIUM", 20), ("LARGE", 5)])
def test_ten_edges_hold_so_many_load_balancers(size: str, limit: int) -> None:
    inventory = _inventory(edges=10)
    for _ in range(limit):
        inventory.create("loadbalancer/services", {"size": size})
    assert _refusal(inventory.create, "loadbalancer/services", {"size": size}) == (409, 10087)


def test_a_removed_cluster_leaves_the_others_alone() -> None:
    inventory = _inventory()
    for cluster in ("one", "two"):
        _subnet(inventory, cluster=cluster)
        inventory.allocate("pool", _tags(cluster))
        inventory.create("logical-routers", _tags(cluster))
    inventory.remove_cluster("one")
    assert [item["cidr"] for item in inventory.subnets.values()] == ["172.16.1.0/24"]
    assert [item["allocation_id"] for item in inventory.allocations["pool"]] == ["10.0.0.11"]
    assert len(inventory.objects["logical-routers"]) == 1
    assert Inventory.load(inventory.dump()) == inventory


async def test_the_managers_api(site: Site) -> None:
    status, blocks = await site.nsx("GET", "/api/v1/pools/ip-blocks")
    assert (status, blocks["result_count"]) == (200, 3)
    block = blocks["results"][0]
    assert (block["id"], block["cidr"]) == (tile.POD_BLOCK, "172.16.0.0/16")
    assert await site.nsx("GET", f"/api/v1/pools/ip-blocks/{tile.POD_BLOCK}") == (200, block)
    policy = (await site.nsx("GET", "/policy/api/v1/infra/ip-blocks"))[1]["results"][0]
    assert policy["path"] == f"/infra/ip-blocks/{tile.POD_BLOCK}"
    assert (await site.call("GET", f"https://{site.lab.nsx_manager}/api/v1/pools/ip-blocks"))[0] == 403

    tags = [{"scope": "ncp/cluster", "tag": "c"}, {"scope": "ncp/project", "tag": "default"}]
    subnets = "/api/v1/pools/ip-subnets"
    for _ in range(5):
        body = {"block_id": tile.POD_BLOCK, "size": 256, "tags": tags, "display_name": "default"}
        status, made = await site.nsx("POST", subnets, body)
        assert (status, made["tags"]) == (201, tags)
    seen, path = [], f"{subnets}?block_id={tile.POD_BLOCK}&page_size=2"
    page = (await site.nsx("GET", path))[1]
    while True:
        assert page["result_count"] == 5
        seen += [item["cidr"] for item in page["results"]]
        if "cursor" not in page:
            break
        page = (await site.nsx("GET", f"{path}&cursor={page['cursor']}"))[1]
    assert seen == [f"172.16.{number}.0/24" for number in range(5)]
    assert (await site.nsx("GET", f"{subnets}?block_id={tile.NODE_BLOCK}"))[1]["results"] == []
    for size in (0, 1001):
        assert (await site.nsx("GET", f"{subnets}?page_size={size}"))[0] == 400
    assert (await site.nsx("DELETE", f"{subnets}/{made['id']}"))[0] == 200
    assert (await site.nsx("DELETE", f"{subnets}/{made['id']}"))[0] == 404


async def test_floating_ips_by_api(site: Site) -> None:
    pool = f"/api/v1/pools/ip-pools/{tile.FLOATING_POOL}"
    assert (await site.nsx("GET", pool))[1]["id"] == tile.FLOATING_POOL
    status, first = await site.nsx("POST", f"{pool}?action=ALLOCATE", {"display_name": "vip", "tags": []})
    assert (status, first["allocation_id"]) == (200, site.lab.address(50, 10))
    taken = {"allocation_id": first["allocation_id"]}
    status, error = await site.nsx("POST", f"{pool}?action=ALLOCATE", taken)
    assert (status, error["httpStatus"], error["error_code"]) == (409, "CONFLICT", 5141)
    assert "is already allocated" in error["error_message"]
    listed = (await site.nsx("GET", f"{pool}/allocations"))[1]["results"]
    assert [(item["allocation_id"], item["display_name"]) for item in listed] == [
        (site.lab.address(50, 10), "vip")
    ]
    assert (await site.nsx("POST", f"{pool}?action=RELEASE", taken))[0] == 200
    assert (await site.nsx("GET", f"{pool}/allocations"))[1]["results"] == []
    assert (await site.nsx("GET", "/api/v1/pools/ip-pools/absent/allocations"))[0] == 404
    bad = {"allocation_id": "no address"}
    assert (await site.nsx("POST", f"{pool}?action=ALLOCATE", bad))[0] == 400


async def test_a_load_balancer_shows_its_virtual_servers(site: Site) -> None:
    services, servers = "/api/v1/loadbalancer/services", "/api/v1/loadbalancer/virtual-servers"
    balancer = (await site.nsx("POST", services, {"size": "MEDIUM"}))[1]["id"]
    made = [(await site.nsx("POST", servers, {"lb_service_id": balancer}))[1]["id"] for _ in range(2)]
    shown = (await site.nsx("GET", services))[1]["results"]
    assert [(item["size"], item["virtual_server_ids"]) for item in shown] == [("MEDIUM", made)]


async def test_what_ncp_allocates_survives_a_restart(idle_site: Site) -> None:
    body = {"router_type": "TIER1", "display_name": "one", "tags": []}
    async with idle_site.serving():
        status, made = await idle_site.nsx("POST", "/api/v1/logical-routers", body)
        assert status == 201
    async with idle_site.serving():
        found = (await idle_site.nsx("GET", "/api/v1/logical-routers"))[1]["results"]
        assert found == [made]
