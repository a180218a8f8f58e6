"""The one wait for all sites, the look at the server before any, and users."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from components.runtime.errors import ProviderError
from fleet.agents import ArrivalsProvider
from fleet.server_check import ServerProvider
from fleet.user import UserProvider
from tests.fleet.conftest import OWNER, edge_cluster, world


async def test_the_agents_are_awaited_with_one_request_for_all(tmp_path: Path) -> None:
    async with world(tmp_path) as rancher:
        with edge_cluster() as one, edge_cluster() as other:
            awaited = {}
            for name, edge in (("berlin", one), ("paris", other)):
                awaited[name] = (await rancher.create(rancher.wanted(name, edge)))["cluster_id"]
            waiting = asyncio.create_task(rancher.arrive(awaited))
            await asyncio.sleep(0.2)
            assert not waiting.done()
            await rancher.connect(one)
            await rancher.connect(other)
            made = await waiting
        assert made["states"] == {"berlin": "active", "paris": "active"}
        wanted = {**rancher.reach, "awaited": awaited, "registered": {}, "problems": {}, "timeout_minutes": 1}
        assert not ArrivalsProvider().diff("fleet", made, wanted).changes
        seen = await rancher.run(ArrivalsProvider().read, "fleet", made)
        assert seen.outs == made
        away = {**made, "states": {"berlin": "unavailable", "paris": "active"}}
        assert ArrivalsProvider().diff("fleet", away, wanted).changes


async def test_who_does_not_come_and_who_could_not_be_imported_are_one_error(tmp_path: Path) -> None:
    async with world(tmp_path) as rancher:
        with edge_cluster() as edge:
            late = (await rancher.create(rancher.wanted("berlin", edge)))["cluster_id"]
        with pytest.raises(ProviderError) as caught:
            await rancher.arrive(
                {"berlin": late, "madrid": "c-gone0"},
                registered={"ship": "c-other"},
                problems={"paris": "its kubeconfig cannot be read"},
                timeout_minutes=0.02,
            )
    lines = str(caught.value).splitlines()
    assert lines[0].startswith("3 of 4 sites are not imported, the others are.")
    assert lines[1].startswith(
        "  - berlin: not active after 0.02 minutes; last state: pending: Waiting for API"
    )
    assert "madrid" in lines[2] and "`pulumi refresh`" in lines[2]
    assert lines[3] == "  - paris: its kubeconfig cannot be read"


async def test_a_server_that_cannot_take_sites_is_told_once_before_any(tmp_path: Path) -> None:
    async with world(tmp_path) as rancher:
        assert (await rancher.run(ServerProvider().create, dict(rancher.reach))).outs == rancher.reach
        with pytest.raises(ProviderError, match="no longer good: run `pulumi up` in that stack"):
            await rancher.run(ServerProvider().create, {**rancher.reach, "token": "token-a:b"})
        nobody = rancher.elsewhere(port=1)
        with pytest.raises(ProviderError, match="no answer"):
            await rancher.run(ServerProvider().create, nobody)
    async with world(tmp_path, server_url="https://other.example.com") as rancher:
        with pytest.raises(
            ProviderError, match=r"server-url is https://other\.example\.com.*Run `pulumi up`"
        ):
            await rancher.run(ServerProvider().create, dict(rancher.reach))
    async with world(tmp_path, server_url="") as rancher:
        with pytest.raises(ProviderError, match="server-url is not set"):
            await rancher.run(ServerProvider().create, dict(rancher.reach))


async def test_users(tmp_path: Path) -> None:
    async with world(tmp_path) as rancher:
        wanted = {**rancher.reach, "name": "jane", "display_name": "Jane Doe", "owner": OWNER}
        made = await rancher.run(UserProvider().create, wanted)
        assert made.outs
        login = await rancher.server.login(made.outs["password"], "jane")
        assert login.status == 201
        rancher.server.token = rancher.reach["token"]
        again = await rancher.run(UserProvider().create, wanted)  # cut off before the state was written
        assert again.id == made.id
        assert again.outs and again.outs["password"] != made.outs["password"]

        renamed = {**wanted, "display_name": "Jane Roe"}
        done = await rancher.run(UserProvider().update, made.id, again.outs, renamed)
        assert done.outs and done.outs["password"] == again.outs["password"]
        assert (await rancher.ask("GET", f"/v3/users/{made.id}")).body["name"] == "Jane Roe"

        with pytest.raises(ProviderError, match="one of that name that is not of this stack"):
            await rancher.run(UserProvider().create, {**wanted, "owner": "another"})
        await rancher.run(UserProvider().delete, made.id, again.outs)
        await rancher.run(UserProvider().delete, made.id, again.outs)
        assert (await rancher.run(UserProvider().read, made.id, again.outs)).id == ""
