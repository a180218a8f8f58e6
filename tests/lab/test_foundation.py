"""PKS API and UAA: tokens, the life of a cluster, refusals."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from lab.foundation import clusters, tile
from tests.lab.foundation_site import ORDER, Site, holds, idle_site, site, until

__all__ = ["idle_site", "site"]


async def test_tokens_live_as_long_as_documented(site: Site) -> None:
    status, tokens = await site.token()
    assert status == 200
    assert (tokens["expires_in"], tokens["token_type"]) == (600, "bearer")
    assert {"scope", "jti", "refresh_token"} <= tokens.keys()
    status, fresh = await site.token(grant_type="refresh_token", refresh_token=tokens["refresh_token"])
    assert (status, fresh["access_token"] != tokens["access_token"]) == (200, True)
    # A client is not given a refresh token, and an access token is none.
    status, client = await site.token(grant_type="client_credentials")
    assert (status, "refresh_token" in client) == (200, False)
    wrong = {"grant_type": "refresh_token", "refresh_token": tokens["access_token"]}
    assert (await site.token(**wrong))[0] == 401


@pytest.mark.parametrize(
    "form",
    [
        {"grant_type": "password", "username": "pks-admin", "password": "guess"},
        {"grant_type": "client_credentials", "secret": "guess"},
        {"grant_type": "refresh_token", "refresh_token": "garbage.é"},
        {"grant_type": "implicit"},
    ],
)
async def test_wrong_credentials_get_no_token(site: Site, form: dict[str, str]) -> None:
    status, answer = await site.token(**form)
    assert (status, answer["error"]) == (401, "unauthorized")


async def test_dead_tokens_are_refused(site: Site) -> None:
    url = f"https://{site.lab.pks_host}:9021/v1/plans"
    assert (await site.call("GET", url))[0] == 401
    site.faults(uaa={"access_seconds": 0.3})
    token = (await site.token())[1]["access_token"]
    assert (await site.call("GET", url, token))[0] == 200
    assert (await site.call("GET", url, token[:-1]))[0] == 401
    await asyncio.sleep(0.3)
    assert (await site.call("GET", url, token))[0] == 401
    site.faults(uaa={"reject": True})
    assert (await site.token())[0] == 401


async def test_plans_are_the_articles(site: Site) -> None:
    _, plans = await site.pks("GET", "plans")
    found = {plan["name"]: plan for plan in plans}
    assert list(found) == ["dev-small", "dev-large", "prod-large", "dev-tiny", "rancher"]
    rancher = found["rancher"]
    assert (rancher["master_instances"], rancher["worker_instances"]) == (3, 3)
    assert rancher["allow-privileged-containers"] is True
    assert found["prod-large"]["allow-privileged-containers"] is False


async def test_a_cluster_from_order_to_end(site: Site) -> None:
    await site.pks("POST", "network-profiles", {"name": "medium", "parameters": {"lb_size": "medium"}})
    compute = {"name": "spread", "parameters": {"azs": [{"name": "az1"}]}}
    assert (await site.pks("POST", "compute-profiles", compute))[0] == 201
    tags = [{"name": "owner", "value": "blog"}]
    order = {
        **ORDER,
        "network_profile_name": "medium",
        "compute_profile_name": "spread",
        "parameters": {**ORDER["parameters"], "cluster_tags": tags},  # type: ignore[dict-item]
    }
    site.plane.gate.clear()
    status, ordered = await site.pks("POST", "clusters", order)
    assert status == 202
    assert _action(ordered) == ("CREATE", "in progress", "Creating cluster")
    assert ordered["kubernetes_master_ips"] == ["In Progress"]

    async def provisioning() -> bool:
        document = await site.cluster()
        assert document["kubernetes_master_ips"] == ["In Progress"]
        return _action(document) == ("CREATE", "in progress", "Instance provisioning in progress")

    await until(provisioning)
    site.plane.gate.set()
    await site.settled()
    found = await site.cluster()
    assert _action(found) == ("CREATE", "succeeded", "Instance provisioning completed")
    assert found["kubernetes_master_ips"] == [site.lab.address(50, 10)]
    assert found["uuid"] == ordered["uuid"]
    assert (found["network_profile_name"], found["compute_profile_name"]) == ("medium", "spread")
    parameters = found["parameters"]
    assert json.loads(parameters["nsxt_network_profile"]) == {"lb_size": "medium"}
    assert json.loads(parameters["compute_profile"]) == compute["parameters"]
    assert parameters["kubernetes_worker_instances"] == 3
    assert parameters["kubernetes_master_port"] == 8443
    assert parameters["cluster_tags"] == tags
    spec = site.plane.running[found["uuid"]]
    assert (spec.api_address, spec.external_hostname) == (site.lab.address(50, 10), "one.example.com")
    assert (len(spec.workers), spec.network.lb_size) == (3, "medium")
    assert (await site.pks("GET", "clusters"))[1] == [found]
    details = (await site.pks("GET", "clusterdetails/one"))[1]["parameters"]["nsxt_network_details"]
    assert (details["lb_size"], details["pod_ip_block_ids"]) == ("medium", [tile.POD_BLOCK])


async def test_binds_give_the_kubeconfig(site: Site) -> None:
    site.plane.gate.clear()
    assert (await site.pks("POST", "clusters", ORDER))[0] == 202
    assert (await site.pks("POST", "clusters/one/binds"))[0] == 422
    site.plane.gate.set()
    document = await site.settled()
    status, config = await site.pks("POST", "clusters/one/binds")
    assert status == 201
    assert config["clusters"][0]["cluster"]["server"] == "https://one.example.com:8443"
    token = site.plane.running[document["uuid"]].admin_token
    assert config["users"][0]["user"]["token"] == token
    assert config["current-context"] == "one"


async def test_what_a_cluster_takes_in_nsx_and_vcenter(site: Site) -> None:
    document = await site.create()
    jobs = [machine.job for machine in site.vcenter.machines]
    assert (jobs.count("master"), jobs.count("worker")) == (3, 3)
    assert {machine.deployment for machine in site.vcenter.machines} == {
        f"service-instance_{document['uuid']}"
    }
    inventory = site.state["inventory"]
    assert [subnet["block_id"] for subnet in inventory["subnets"].values()] == [tile.NODE_BLOCK]
    counts = {kind: len(items) for kind, items in inventory["objects"].items()}
    assert counts == {
        "logical-routers": 1,
        "logical-switches": 1,
        "loadbalancer/services": 1,
        "loadbalancer/virtual-servers": 1,
    }
    site.faults(delete_cluster={"seconds": 1})
    status, _ = await site.pks("DELETE", "clusters/one")
    assert status == 204
    assert _action(await site.cluster()) == ("DELETE", "in progress", "Instance deletion in progress")
    assert await site.settled() is None
    assert (await site.pks("GET", "clusters/one")) == (404, {"body": "Cluster one not found"})
    assert (site.vcenter.machines, site.plane.running) == ([], {})
    inventory = site.state["inventory"]
    left = [inventory["subnets"], *inventory["allocations"].values(), *inventory["objects"].values()]
    assert not any(left)


async def test_the_dedicated_topology_costs_a_router_more(site: Site) -> None:
    profile = {"name": "dedicated", "parameters": {"single_tier_topology": False}}
    await site.pks("POST", "network-profiles", profile)
    await site.create(network_profile_name="dedicated")
    objects = site.state["inventory"]["objects"]
    assert (len(objects["logical-routers"]), len(objects["logical-switches"])) == (2, 2)


async def test_resize_keeps_the_machines_that_stay(site: Site) -> None:
    uuid = (await site.create())["uuid"]
    before = {machine.cid for machine in site.vcenter.machines}
    status, ordered = await site.pks("PATCH", "clusters/one", {"kubernetes_worker_instances": 5})
    assert status == 202
    assert _action(ordered) == ("UPDATE", "in progress", "Instance update in progress")
    assert ordered["kubernetes_master_ips"] == [site.lab.address(50, 10)]
    assert _action(await site.settled()) == ("UPDATE", "succeeded", "Instance update completed")
    assert len(site.plane.running[uuid].workers) == 5
    assert before < {machine.cid for machine in site.vcenter.machines}
    await site.pks("PATCH", "clusters/one", {"kubernetes_worker_instances": 3})
    await site.settled()
    assert {machine.cid for machine in site.vcenter.machines} == before


async def test_two_clusters_share_nothing(site: Site) -> None:
    first = await site.create()
    second = await site.create(name="two", parameters={"kubernetes_master_host": "two.example.com"})
    specs = [site.plane.running[cluster["uuid"]] for cluster in (first, second)]
    assert len({spec.slot for spec in specs}) == len({spec.api_address for spec in specs}) == 2
    ips = {worker.ip for spec in specs for worker in spec.workers}
    assert len(ips) == 6


def _order(name: str, plan: str, hostname: str, **more: object) -> dict[str, Any]:
    parameters = {"kubernetes_master_host": hostname, **more.pop("parameters", {})}  # type: ignore[dict-item]
    return {"name": name, "plan_name": plan, "parameters": parameters, **more}


@pytest.mark.parametrize(
    ("order", "status", "text"),
    [
        (_order("one", "rancher", "other.example.com"), 409, "one already exists"),
        (_order("two", "rancher", "ONE.example.com"), 409, "in use by cluster one"),
        (_order("two", "huge", "two.example.com"), 422, "Plan huge not found"),
        (_order("two", "rancher", ""), 422, "required"),
        (_order("two", "rancher", "two.com", network_profile_name="x"), 404, "Network profile x not found"),
        (_order("two", "rancher", "two.com", compute_profile_name="x"), 404, "Compute profile x not found"),
        (
            _order("two", "dev-tiny", "two.com", parameters={"kubernetes_worker_instances": 3}),
            422,
            "from 1 to 2",
        ),
    ],
)
async def test_orders_that_cannot_be(site: Site, order: dict[str, Any], status: int, text: str) -> None:
    await site.pks("POST", "clusters", ORDER)
    refused, answer = await site.pks("POST", "clusters", order)
    assert refused == status
    assert text in answer["body"]
    assert [cluster["name"] for cluster in site.state["clusters"]] == ["one"]


async def test_a_refused_change_changes_nothing(site: Site) -> None:
    before = await site.create()
    change = {"kubernetes_worker_instances": 4, "network_profile_name": "absent"}
    assert (await site.pks("PATCH", "clusters/one", change))[0] == 404
    assert await site.cluster() == before


async def test_one_operation_at_a_time(site: Site) -> None:
    site.plane.gate.clear()
    await site.pks("POST", "clusters", ORDER)
    for method, body in (("PATCH", {"kubernetes_worker_instances": 4}), ("DELETE", None)):
        status, answer = await site.pks(method, "clusters/one", body)
        assert status == 422
        assert answer["body"].startswith("An operation is in progress")
    assert (await site.pks("DELETE", "clusters/absent"))[0] == 404


async def test_a_bad_name_is_found_out_late(site: Site) -> None:
    document = await site.create(name="Bad Name")
    assert document["last_action_state"] == "failed"
    assert document["last_action_description"].startswith(
        "Instance provisioning failed: There was a problem completing your request."
    )
    assert document["kubernetes_master_ips"] == ["In Progress"]
    assert (await site.pks("DELETE", "clusters/Bad%20Name"))[0] == 204
    assert await site.settled("Bad%20Name") is None


async def test_a_failed_control_plane_fails_the_creation(site: Site) -> None:
    site.plane.error = "etcd ended"
    document = await site.create()
    assert (document["last_action_state"], document["kubernetes_master_ips"]) == ("failed", ["In Progress"])
    assert "etcd ended" in document["last_action_description"]


async def test_what_was_under_way_goes_on_after_a_crash(idle_site: Site) -> None:
    site = idle_site
    site.plane.gate.clear()
    async with site.serving():
        await site.pks("POST", "clusters", ORDER)
        await until(lambda: holds(lambda: len(site.vcenter.machines) == 6))
        machines = site.vcenter.machines
    assert site.state["clusters"][0]["state"] == "in progress"
    site.plane.gate.set()
    async with site.serving():
        document = await site.settled()
        assert document["last_action_state"] == "succeeded"
        assert site.vcenter.machines == machines
        await site.pks("DELETE", "clusters/one")
    async with site.serving():
        assert await site.settled() is None
        assert (site.vcenter.machines, site.plane.running) == ([], {})


async def test_vms_and_control_planes_are_brought_back(
    idle_site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = idle_site
    monkeypatch.setattr(clusters, "_RECONCILE_SECONDS", 0.05)
    async with site.serving():
        await site.create()
        machines, running = site.vcenter.machines, dict(site.plane.running)
        site.vcenter.machines, site.plane.running = [], {}
        await until(lambda: holds(lambda: (site.vcenter.machines, site.plane.running) == (machines, running)))


async def test_a_token_outlives_a_restart(idle_site: Site) -> None:
    async with idle_site.serving():
        token = (await idle_site.token())[1]["access_token"]
    async with idle_site.serving():
        url = f"https://{idle_site.lab.pks_host}:9021/v1/clusters"
        assert await idle_site.call("GET", url, token) == (200, [])


async def test_the_state_file_is_private(site: Site) -> None:
    await site.create()
    assert (site.lab.home / "foundation" / "state.json").stat().st_mode & 0o777 == 0o600


def _action(document: dict[str, Any]) -> tuple[str, str, str]:
    return document["last_action"], document["last_action_state"], document["last_action_description"]
