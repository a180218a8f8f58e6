"""The one wait for all sites, the check of the server before any, and users."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from components.runtime.errors import ProviderError
from fleet.agent_connections import AgentConnectionsProvider
from fleet.rancher_connection import RancherConnectionProvider
from fleet.user import UserProvider
from tests.fleet.conftest import OWNER, World, edge_cluster, world


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
        assert not rancher.provider(AgentConnectionsProvider).diff("fleet", made, wanted).changes
        seen = await rancher.run(rancher.provider(AgentConnectionsProvider).read, "fleet", made)
        assert seen.outs == made
        away = {**made, "states": {"berlin": "unavailable", "paris": "active"}}
        assert rancher.provider(AgentConnectionsProvider).diff("fleet", away, wanted).changes


async def test_agents_that_do_not_connect_and_sites_that_are_not_imported_are_one_error(
    tmp_path: Path,
) -> None:
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


async def verify(rancher: World, **changes: Any) -> dict[str, Any] | None:
    """Outputs of the check of the server."""
    provider = rancher.provider(RancherConnectionProvider)
    return (await rancher.run(provider.create, {**rancher.reach, **changes})).outs


async def test_a_server_that_cannot_take_sites_is_one_error_before_any_site(tmp_path: Path) -> None:
    async with world(tmp_path) as rancher:
        assert await verify(rancher) == rancher.reach
        with pytest.raises(ProviderError, match=r"expired or was replaced\. Run `pulumi up` in the server"):
            await verify(rancher, token="token-a:b")
        with pytest.raises(ProviderError, match="no answer"):
            await verify(rancher, **rancher.endpoint(port=1))
    async with world(tmp_path, server_url="https://other.example.com") as rancher:
        with pytest.raises(
            ProviderError, match=r"server-url is https://other\.example\.com.*Run `pulumi up`"
        ):
            await verify(rancher)
    async with world(tmp_path, server_url="") as rancher:
        with pytest.raises(ProviderError, match="server-url is not set"):
            await verify(rancher)


async def test_users(tmp_path: Path) -> None:
    async with world(tmp_path) as rancher:
        wanted = {**rancher.reach, "name": "jane", "display_name": "Jane Doe", "owner": OWNER}
        users = rancher.provider(UserProvider)
        made = await rancher.run(users.create, wanted)
        assert made.outs
        login = await rancher.server.login(made.outs["password"], "jane")
        assert login.status == 201
        rancher.server.token = rancher.reach["token"]
        again = await rancher.run(users.create, wanted)  # interrupted before the state was written
        assert again.id == made.id
        assert again.outs and again.outs["password"] != made.outs["password"]

        renamed = {**wanted, "display_name": "Jane Roe"}
        done = await rancher.run(users.update, made.id, again.outs, renamed)
        assert done.outs and done.outs["password"] == again.outs["password"]
        assert (await rancher.ask("GET", f"/v3/users/{made.id}")).body["name"] == "Jane Roe"

        with pytest.raises(ProviderError, match="user of that name that this stack did not create"):
            await rancher.run(users.create, {**wanted, "owner": "another"})
        await rancher.run(users.delete, made.id, again.outs)
        await rancher.run(users.delete, made.id, again.outs)
        assert (await rancher.run(users.read, made.id, again.outs)).id == ""
