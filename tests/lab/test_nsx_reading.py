"""What others use, read from the simulated NSX-T manager: the same from both of its APIs."""

from __future__ import annotations

import asyncio
import ipaddress
from typing import Any

import pytest

from capacity.model.nsx.reading import Reading
from capacity.model.plan import Block, Network
from components.capacity.nsx_manager import NSX, NsxError, read
from domain.credentials import Login
from lab.foundation import tile
from tests.lab.foundation_site import Site, idle_site, site

__all__ = ["idle_site", "site"]

NETWORK = Network(
    blocks=(Block(cidr="172.16.0.0/16"), Block(cidr=tile.SPARE_POD_CIDR)), tier1_limit=500, segment_limit=500
)


async def _read(site: Site, cluster: str | None = None, network: Network = NETWORK) -> Reading:
    known = site.credentials["nsx"]
    values = {"manager": site.lab.nsx_manager, "ca_certificate_file": str(site.lab.ca_certificate)}
    login = Login(NSX, {**values, "username": known["username"], "password": known["password"]})
    return await asyncio.to_thread(read, login, network, cluster, [tile.FLOATING_POOL])


async def _populate(site: Site, cluster: str, subnets: list[int]) -> None:
    """What PKS and NCP create for a cluster."""
    tags: dict[str, Any] = {"tags": [{"scope": "ncp/cluster", "tag": f"pks-{cluster}"}]}
    for size in subnets:
        await site.nsx("POST", "/api/v1/pools/ip-subnets", {"block_id": tile.POD_BLOCK, "size": size, **tags})
        await site.nsx("POST", f"/api/v1/pools/ip-pools/{tile.FLOATING_POOL}?action=ALLOCATE", tags)
        await site.nsx("POST", "/api/v1/logical-switches", tags)
    for kind in ("TIER1", "TIER0"):
        await site.nsx("POST", "/api/v1/logical-routers", {"router_type": kind, **tags})
    _, balancer = await site.nsx("POST", "/api/v1/loadbalancer/services", {"size": "MEDIUM", **tags})
    for _ in range(3):
        body = {"lb_service_id": balancer["id"], "ip_address": "10.50.0.99", **tags}
        await site.nsx("POST", "/api/v1/loadbalancer/virtual-servers", body)


@pytest.mark.parametrize("cluster", [None, "ours"])
async def test_a10_both_apis_give_the_same_figures(site: Site, cluster: str | None) -> None:
    await _populate(site, "ours", [256, 256, 64])
    await _populate(site, "other", [256, 128, 128, 512])
    manager = await _read(site, cluster)
    assert manager.api == "manager API"
    site.faults(nsx={"status": 404, "path": "/api/v1"})  # NSX 9
    policy = await _read(site, cluster)
    assert policy.api == "policy API"
    assert (policy.network, policy.own_subnets, policy.load_balancers) == (
        manager.network,
        manager.own_subnets,
        manager.load_balancers,
    )
    assert manager.network.tier1_used == (1 if cluster else 2)
    assert manager.network.segments_used == (4 if cluster else 7)
    assert manager.network.floating_ips_used == (4 if cluster else 7)
    assert manager.own_subnets == (3 if cluster else 0)
    assert [(item.size, item.virtual_servers) for item in manager.load_balancers] == (
        [("medium", 3)] if cluster else []
    )


async def test_a10_a_block_that_only_the_policy_api_has(site: Site) -> None:
    """A foundation in Policy mode: the manager API answers, and lists nothing."""
    site.faults(nsx={"status": 404, "path": "/api/v1/pools/ip-subnets"})
    assert (await _read(site)).api == "policy API"


async def test_a10_a_block_that_neither_api_has(site: Site) -> None:
    network = Network(blocks=(Block(cidr="10.99.0.0/16"),))
    with pytest.raises(NsxError, match=r"no IP block 10\.99\.0\.0/16 \(manager API.*\(policy API"):
        await _read(site, network=network)


@pytest.mark.parametrize("status", [429, 503])
async def test_a9_a_manager_that_is_busy_once_is_asked_again(site: Site, status: int) -> None:
    site.faults(nsx={"status": status, "times": 1})
    found = await _read(site)
    assert ipaddress.IPv4Network(found.network.blocks[0].cidr).prefixlen == 16
