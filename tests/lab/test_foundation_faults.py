"""Faults that the faults file injects into the foundation."""

from __future__ import annotations

import time

import pytest

from lab.faults import RequestFaults, fault
from lab.layout import Lab
from tests.lab.foundation_site import ORDER, Site, idle_site, site

__all__ = ["idle_site", "site"]


async def test_an_action_fails_with_the_description(site: Site) -> None:
    site.faults(create_cluster={"fail_after_seconds": 0.05, "description": "no space left"})
    document = await site.create()
    assert document["last_action_state"] == "failed"
    assert document["last_action_description"] == (
        "Instance provisioning failed: There was a problem completing your request. no space left"
    )
    site.faults()
    await site.pks("DELETE", "clusters/one")
    assert await site.settled() is None


async def test_a_failed_update_leaves_the_cluster_serving(site: Site) -> None:
    address = (await site.create())["kubernetes_master_ips"]
    site.faults(update_cluster={"fail_after_seconds": 0})
    await site.pks("PATCH", "clusters/one", {"kubernetes_worker_instances": 4})
    document = await site.settled()
    assert (document["last_action"], document["last_action_state"]) == ("UPDATE", "failed")
    assert document["kubernetes_master_ips"] == address


async def test_an_action_takes_another_time(site: Site) -> None:
    site.faults(create_cluster={"seconds": 0.8})
    start = time.monotonic()
    await site.create()
    assert time.monotonic() - start >= 0.8


async def test_a_status_for_so_many_requests(site: Site) -> None:
    site.faults(pks_api={"status": 503, "times": 2})
    assert [(await site.pks("GET", "plans"))[0] for _ in range(3)] == [503, 503, 200]
    site.faults(pks_api={"status": 502, "methods": ["POST"], "path": "/v1/clusters"})
    assert (await site.pks("GET", "clusters"))[0] == 200
    assert (await site.pks("POST", "network-profiles", {"name": "one"}))[0] == 201
    assert (await site.pks("POST", "clusters", ORDER))[0] == 502
    assert site.state["clusters"] == []


async def test_the_answer_is_lost_but_not_the_order(site: Site) -> None:
    site.faults(pks_api={"status": 504, "after": True, "methods": ["POST"]})
    assert (await site.pks("POST", "clusters", ORDER))[0] == 504
    assert (await site.settled())["last_action_state"] == "succeeded"


async def test_a_slow_api(site: Site) -> None:
    site.faults(nsx={"delay_seconds": 0.2})
    start = time.monotonic()
    assert (await site.nsx("GET", "/api/v1/pools/ip-blocks"))[0] == 200
    assert time.monotonic() - start >= 0.2


async def test_revoked_tokens_need_a_new_login(site: Site) -> None:
    tokens = (await site.token())[1]
    site.faults(uaa={"revoked_before": time.time()})
    url = f"https://{site.lab.pks_host}:9021/v1/plans"
    assert (await site.call("GET", url, tokens["access_token"]))[0] == 401
    refresh = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]}
    assert (await site.token(**refresh))[0] == 401
    assert (await site.pks("GET", "plans"))[0] == 200


@pytest.mark.parametrize("text", ["", "{", '{"uaa": {}}'])
def test_no_fault(idle_site: Site, text: str) -> None:
    lab: Lab = idle_site.lab
    assert fault(lab, "uaa") == {}
    lab.faults.write_text(text)
    assert fault(lab, "uaa") == {}
    assert RequestFaults(lab, "uaa").take("GET", "/") == {}
