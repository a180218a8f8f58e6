"""Rancher's own cluster, which old versions leave in Provisioning."""

from __future__ import annotations

import asyncio

import pytest

from components.rancher import local_cluster
from components.rancher.local_cluster import LocalClusterProvider
from components.runtime.errors import ProviderError
from tests.rancher.world import world


@pytest.mark.parametrize(("version", "saved"), [("2.2.8", True), ("2.15.0", False)])
async def test_the_local_cluster_is_saved_when_it_hangs(
    version: str, saved: bool, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "rancher-on-pks")
    if saved:
        monkeypatch.setattr(local_cluster, "_FIRST_SAVE_SECONDS", 0.5)
    async with world(version, monkeypatch) as rancher:
        made = await rancher.create()
        clock = asyncio.create_task(rancher.pass_time())
        wanted = {**rancher.inputs, "token": made["token"], "timeout_minutes": 1}
        local = await rancher.run(LocalClusterProvider().create, wanted)
        assert local.outs and local.outs["state"] == "active"
        assert ("saving it without a change" in caplog.text) == saved
        assert not LocalClusterProvider().diff("local", local.outs, wanted).changes
        seen = await rancher.run(LocalClusterProvider().read, "local", local.outs)
        assert seen.outs == local.outs
        clock.cancel()


async def test_a_local_cluster_that_stays_inactive_is_explained(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(local_cluster, "_FIRST_SAVE_SECONDS", 60)
    async with world("2.2.8", monkeypatch) as rancher:
        made = await rancher.create()
        wanted = {**rancher.inputs, "token": made["token"], "timeout_minutes": 0.05}
        with pytest.raises(ProviderError, match=r"provisioning: .*server-url.*run `pulumi up` again"):
            await rancher.run(LocalClusterProvider().create, wanted)
