"""The quota of projects of a site, and the role of its members, as the server's brake asks for them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pulumi
import pytest

from domain.rancher_quota import OF_SITE, PROJECTS
from fleet import access
from fleet.component import Fleet, FleetArgs
from fleet.inventory import Inventory, SiteEntry
from fleet.share import FleetName
from lab.rancher import sprawl
from rancher_on_pks.outputs import RancherStack
from tests.fleet.conftest import World, world
from tests.fleet.test_component import OUTPUTS
from tests.fleet.test_component import outputs as answers
from tests.mocks import RecordingMocks, with_engine

SITE = "pulumi-python:dynamic/fleet:Site"
MEMBERS = ({"user": "jane", "role": "cluster-member"}, {"user": "joe", "role": "cluster-owner"})


@pytest.fixture
async def rancher(tmp_path: Path) -> AsyncIterator[World]:
    async with world(tmp_path) as made:
        yield made


async def quotas(world: World) -> dict[str, str]:
    """What each namespace's quota allows."""
    found = await world.server.context.forward("GET", "/api/v1/resourcequotas", None, "")  # type: ignore[misc]
    assert all(item["metadata"]["name"] == OF_SITE for item in found["items"])
    return {item["metadata"]["namespace"]: item["spec"]["hard"][PROJECTS] for item in found["items"]}


async def test_a_site_gets_its_quota_at_once_and_keeps_it(rancher: World) -> None:
    wanted = rancher.wanted("berlin", project_limit=1, projects=[{"name": "kiosk", "members": []}])
    made = await rancher.create(wanted)
    assert (made["problem"], made["limited"]) == ("", 1)
    cluster = made["cluster_id"]
    assert await quotas(rancher) == {cluster: "3"}
    assert not rancher.changes(made, wanted)

    more = {**wanted, "project_limit": 4}
    assert rancher.changes(made, more)
    made = await rancher.update(made, more)
    assert await quotas(rancher) == {cluster: "6"}

    path = f"/api/v1/namespaces/{cluster}/resourcequotas/{OF_SITE}"
    await rancher.server.context.forward("DELETE", path, None, "")  # type: ignore[misc]
    seen = await rancher.read(made)
    assert seen
    assert rancher.changes(seen, more)
    made = await rancher.update(seen, more)
    assert await quotas(rancher) == {cluster: "6"}

    made = await rancher.update(made, {**wanted, "project_limit": -1})
    assert made["limited"] == -1
    assert await quotas(rancher) == {}


async def test_the_quota_waits_for_ranchers_own_projects(
    rancher: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Until Kubernetes counts, it would deny them."""
    made: list[str] = []
    monkeypatch.setattr(sprawl, "is_made", lambda *_: bool(made))
    creating = asyncio.create_task(rancher.create(rancher.wanted("berlin", project_limit=0)))
    await asyncio.sleep(2)
    assert await quotas(rancher) == {}
    made.append("both")
    assert (await creating)["limited"] == 0
    assert list((await quotas(rancher)).values()) == ["2"]


async def test_without_quota_nothing_is_asked(rancher: World) -> None:
    made = await rancher.create(rancher.wanted("oslo"))
    assert (made["problem"], made["limited"]) == ("", -1)
    assert await quotas(rancher) == {}


def declared(brake: dict[str, Any] | None) -> dict[str, Any]:
    """Inputs of a site of a server whose output ``sprawlBrake`` is that."""
    found: dict[str, Any] = {}

    def outputs(args: pulumi.runtime.MockResourceArgs) -> dict[str, Any]:
        if args.typ == "pulumi:pulumi:StackReference" and brake:
            return {"outputs": {**OUTPUTS, "sprawlBrake": brake}, "secretOutputNames": ["rancherToken"]}
        return answers(args)

    async def run() -> None:
        mocks = RecordingMocks(outputs)
        server = RancherStack.from_reference(pulumi.StackReference("server"), access.REQUIRED)
        entry = {"name": "berlin", "members": MEMBERS, "projects": [{"name": "kiosk"}], "extraProjects": 2}
        inventory = Inventory({"berlin": SiteEntry.model_validate(entry)})
        name = FleetName(stack="prod", server="org/rancher-on-pks/prod")
        args = FleetArgs(server=server, inventory=inventory, timeout_minutes=1, owner="", name=name)
        await Fleet("fleet", args).leaked.future()
        found.update(mocks.inputs(SITE, "berlin"))

    with_engine(run)()  # type: ignore[unused-coroutine]
    return found


def test_the_servers_brake_decides() -> None:
    old = declared(None)
    assert (old["project_limit"], [item["role"] for item in old["members"]]) == (
        -1,
        ["cluster-member", "cluster-owner"],
    )
    held = declared({"measures": ["roles", "quota"], "memberRole": "rt-abcde"})
    assert (held["project_limit"], [item["role"] for item in held["members"]]) == (
        3,
        ["rt-abcde", "cluster-owner"],
    )
    assert declared({"measures": ["roles"], "memberRole": "rt-abcde"})["project_limit"] == -1
