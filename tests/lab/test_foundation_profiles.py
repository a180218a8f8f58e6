"""Network and compute profiles: what is accepted, and what a running cluster may change to."""

from __future__ import annotations

from typing import Any

import pytest

from lab.foundation import profiles, tile
from tests.lab.foundation_site import Site, idle_site, site

__all__ = ["idle_site", "site"]

_IDS = {tile.POD_BLOCK, tile.SPARE_POD_BLOCK, tile.FLOATING_POOL}
_PERSISTENCE = {"persistence_type": "cookie", "persistence_timeout": 1}


def _cni(**parameters: object) -> dict[str, object]:
    return {"cni_configurations": {"type": "nsxt", "parameters": parameters}}


@pytest.mark.parametrize(
    "parameters",
    [
        {},
        {"lb_size": "medium"},
        {"pod_ip_block_ids": [tile.SPARE_POD_BLOCK], "pod_subnet_prefix": 27, "pod_routable": True},
        {"nodes_dns": ["10.0.0.1", "10.0.0.2"], "infrastructure_networks": ["30.0.0.0/24", "192.168.1.1"]},
        {"dns_lookup_mode": "API_INGRESS", "ingress_prefix": "ingress", "failover_mode": "NON_PREEMPTIVE"},
        _cni(nsx_lb=False, x_forwarded_for="insert", ingress_persistence_settings=_PERSISTENCE),
    ],
)
def test_good_parameters(parameters: dict[str, Any]) -> None:
    assert profiles.problem({"name": "one", "parameters": parameters}, _IDS, []) is None


@pytest.mark.parametrize(
    ("parameters", "text"),
    [
        ({"lb_sise": "medium"}, "unknown field lb_sise"),
        ({"lb_size": "huge"}, "field lb_size"),
        ({"pod_subnet_prefix": True}, "field pod_subnet_prefix"),
        ({"pod_subnet_prefix": "24"}, "field pod_subnet_prefix"),
        ({"pod_ip_block_ids": "one"}, "field pod_ip_block_ids"),
        ({"pod_ip_block_ids": ["absent"]}, "absent not found in NSX-T"),
        ({"nodes_dns": ["10.0.0.1"] * 4}, "field nodes_dns"),
        ({"infrastructure_networks": ["10.0.0.1/24"]}, "field infrastructure_networks"),
        ({"cni_configurations": {"type": "flannel", "parameters": {}}}, "type nsxt"),
        (_cni(nsx_lbs=True), "unknown field nsx_lbs"),
        (_cni(max_l4_lb_service=0), "field max_l4_lb_service"),
        (_cni(ingress_persistence_settings={"persistence_type": "cookie"}), "needs both"),
    ],
)
def test_bad_parameters(parameters: dict[str, Any], text: str) -> None:
    assert text in str(profiles.problem({"name": "one", "parameters": parameters}, _IDS, []))


def test_a_block_has_one_prefix() -> None:
    block = {"pod_ip_block_ids": [tile.SPARE_POD_BLOCK]}
    other = {"name": "first", "parameters": {**block, "pod_subnet_prefix": 27}}
    assert "first" in str(profiles.problem({"name": "two", "parameters": block}, _IDS, [other]))
    same = {"name": "two", "parameters": {**block, "pod_subnet_prefix": 27}}
    assert profiles.problem(same, _IDS, [other]) is None


@pytest.mark.parametrize(
    ("before", "after", "key"),
    [
        ({"pod_ip_block_ids": ["a"]}, {"pod_ip_block_ids": ["b", "a"]}, None),
        ({"pod_ip_block_ids": ["a", "b"]}, {"pod_ip_block_ids": ["b"]}, "pod_ip_block_ids"),
        ({"pod_ip_block_ids": ["a"]}, {}, "pod_ip_block_ids"),
        ({}, {"pod_ip_block_ids": [tile.POD_BLOCK, "a"]}, None),
        ({}, {"pod_ip_block_ids": ["a", tile.POD_BLOCK]}, "pod_ip_block_ids"),
        ({}, {"pod_ip_block_ids": ["a"]}, "pod_ip_block_ids"),
        ({"fip_pool_ids": ["a", "b"]}, {"fip_pool_ids": ["a"]}, "fip_pool_ids"),
        ({"nodes_dns": ["10.0.0.1"]}, {"nodes_dns": ["10.0.0.2"]}, None),
        ({"lb_size": "small"}, {"lb_size": "medium"}, "lb_size"),
        ({"lb_size": "small"}, {}, None),
        ({}, {"pod_subnet_prefix": 27}, "pod_subnet_prefix"),
    ],
)
def test_what_a_running_cluster_may_change(
    before: dict[str, Any], after: dict[str, Any], key: str | None
) -> None:
    assert profiles.conflict(before, after) == key


async def test_profiles_by_api(site: Site) -> None:
    body = {"name": "medium", "description": "for Rancher", "parameters": {"lb_size": "medium"}}
    assert (await site.pks("POST", "network-profiles", body)) == (201, body)
    status, answer = await site.pks("POST", "network-profiles", body)
    assert (status, answer["body"]) == (409, "Network profile medium already exists")
    bad = {"name": "bad", "parameters": {"lb_size": "huge"}}
    assert (await site.pks("POST", "network-profiles", bad))[0] == 400
    assert (await site.pks("POST", "compute-profiles", {"description": "no name"}))[0] == 400
    assert await site.pks("GET", "network-profiles") == (200, [body])
    assert await site.pks("GET", "network-profiles/medium") == (200, body)
    absent = (404, {"body": "Network profile bad not found"})
    assert await site.pks("GET", "network-profiles/bad") == absent
    assert await site.pks("DELETE", "network-profiles/bad") == absent
    assert (await site.pks("DELETE", "network-profiles/medium"))[0] == 204
    assert await site.pks("GET", "network-profiles") == (200, [])


async def test_a_profile_in_use_stays(site: Site) -> None:
    await site.pks("POST", "network-profiles", {"name": "medium", "parameters": {"lb_size": "medium"}})
    await site.create(network_profile_name="medium")
    status, answer = await site.pks("DELETE", "network-profiles/medium")
    assert (status, "in use by cluster one" in answer["body"]) == (409, True)
    await site.pks("DELETE", "clusters/one")
    await site.settled()
    assert (await site.pks("DELETE", "network-profiles/medium"))[0] == 204


async def test_a_second_block_is_added_by_another_profile(site: Site) -> None:
    blocks = [tile.POD_BLOCK, tile.SPARE_POD_BLOCK]
    for name, parameters in {
        "wide": {"pod_ip_block_ids": blocks},
        "narrow": {"pod_ip_block_ids": blocks[1:]},
        "large": {"lb_size": "large"},
    }.items():
        body = {"name": name, "parameters": parameters}
        assert (await site.pks("POST", "network-profiles", body))[0] == 201
    document = await site.create()
    for name, key in {"narrow": "pod_ip_block_ids", "large": "lb_size"}.items():
        status, answer = await site.pks("PATCH", "clusters/one", {"network_profile_name": name})
        assert status == 422
        assert answer["body"] == f"Error processing update parameters: field {key} has conflict"
    assert (await site.pks("PATCH", "clusters/one", {"network_profile_name": "wide"}))[0] == 202
    assert (await site.settled())["network_profile_name"] == "wide"
    assert site.plane.running[document["uuid"]].network.pod_ip_block_ids == tuple(blocks)


async def test_a_new_cluster_may_not_take_the_block_of_the_tile(site: Site) -> None:
    body = {"name": "tile", "parameters": {"pod_ip_block_ids": [tile.POD_BLOCK]}}
    await site.pks("POST", "network-profiles", body)
    order = {
        "name": "one",
        "plan_name": "dev-tiny",
        "network_profile_name": "tile",
        "parameters": {"kubernetes_master_host": "one.example.com"},
    }
    status, answer = await site.pks("POST", "clusters", order)
    assert (status, "block of the tile" in answer["body"]) == (422, True)
