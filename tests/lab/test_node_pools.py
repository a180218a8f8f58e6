"""Node pools of a compute profile: in the simulator, and the program against it."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from typing import Any

import pytest
from pulumi.dynamic import Config, ConfigureRequest

from components.pks.cluster import ClusterProvider
from tests.lab.foundation_site import Cli, Site, idle_site, site

__all__ = ["idle_site", "site"]

PROFILE = {
    "name": "pools",
    "parameters": {
        "cluster_customization": {
            "node_pools": [
                {"name": "tiny-1", "instances": 2, "max_worker_instances": 6},
                {"name": "medium-2", "instances": 1},
            ]
        }
    },
}
POOLED = ("--compute-profile", "pools", "--non-interactive")


@pytest.fixture
async def cli(site: Site) -> Cli:
    """``pks``, logged in; the profile is there."""
    found = Cli(site)
    await found.login()
    assert (await site.pks("POST", "compute-profiles", PROFILE))[0] == 201
    return found


def groups(site: Site) -> Counter[str]:
    """VMs by BOSH instance group, as vCenter has them."""
    return Counter(machine.job for machine in site.vcenter.machines)


async def test_workers_are_in_groups_of_their_pools(cli: Cli) -> None:
    site = cli.site
    await cli.create(*POOLED, "--num-nodes", "9", "--node-pool-instances", "tiny-1:3")
    found = await site.settled()
    assert found["parameters"]["kubernetes_worker_instances"] == 4
    assert groups(site) == {"master": 3, "worker-tiny-1": 3, "worker-medium-2": 1}
    [plane] = site.plane.running.values()
    assert len(plane.workers) == 4
    kept = {machine.cid for machine in site.vcenter.machines}
    await cli.ok("update-cluster", "one", "--node-pool-instances", "tiny-1:5,medium-2:2", "--non-interactive")
    await site.settled()
    assert groups(site) == {"master": 3, "worker-tiny-1": 5, "worker-medium-2": 2}
    assert kept < {machine.cid for machine in site.vcenter.machines}


async def test_a_number_of_workers_is_ignored(cli: Cli) -> None:
    await cli.create(*POOLED)
    await cli.site.settled()
    await cli.ok("update-cluster", "one", "--num-nodes", "7", "--non-interactive")
    assert (await cli.site.settled())["last_action_state"] == "succeeded"
    assert groups(cli.site) == {"master": 3, "worker-tiny-1": 2, "worker-medium-2": 1}


@pytest.mark.parametrize("instances", ["tiny:1", "tiny-1:7", "tiny-1:0", "tiny-1", "tiny-1:x"])
async def test_other_pools_and_numbers_are_refused(cli: Cli, instances: str) -> None:
    order = ("create-cluster", "one", "-e", "one.example.com", "-p", "rancher")
    await cli.fails(*order, *POOLED, "--node-pool-instances", instances)


async def test_the_state_is_kept_with_pools(idle_site: Site) -> None:
    async with idle_site.serving():
        await idle_site.pks("POST", "compute-profiles", PROFILE)
        await idle_site.create(compute_profile_name="pools")
    async with idle_site.serving():
        assert (await idle_site.cluster())["compute_profile_name"] == "pools"
        assert idle_site.state["clusters"][0]["order"]["pools"] == {"tiny-1": 2, "medium-2": 1}


async def test_a2_the_program_sizes_pools_and_sees_no_drift(
    cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = cli.site
    known = site.credentials["pks"]
    for name, value in {
        "PKS_API": site.lab.pks_host,
        "PKS_USERNAME": known["username"],
        "PKS_PASSWORD": known["password"],
        "PKS_CA_CERT": str(site.lab.ca_certificate),
    }.items():
        monkeypatch.setenv(name, value)
    provider = ClusterProvider()
    config = {"rancher-on-pks:pksCli": str(site.lab.home / "bin" / "pks")}
    provider.configure(ConfigureRequest(Config(config, "rancher-on-pks")))
    wanted: dict[str, Any] = {
        "name": "one",
        "external_hostname": "one.example.com",
        "plan": "rancher",
        "workers": 3,
        "network_profile": "",
        "compute_profile": "pools",
        "node_pool_instances": {"tiny-1": 4},
        "tags": {},
        "timeout_minutes": 1,
    }
    created = await asyncio.to_thread(provider.create, wanted)
    assert created.outs is not None
    assert groups(site) == {"master": 3, "worker-tiny-1": 4, "worker-medium-2": 1}
    resized = {**wanted, "node_pool_instances": {"tiny-1": 5, "medium-2": 2}}
    updated = await asyncio.to_thread(provider.update, created.id, created.outs, resized)
    assert updated.outs is not None
    assert groups(site) == {"master": 3, "worker-tiny-1": 5, "worker-medium-2": 2}
    read = await asyncio.to_thread(provider.read, created.id, updated.outs)
    assert read.outs is not None
    assert json.dumps(read.outs, sort_keys=True) == json.dumps(updated.outs, sort_keys=True)
    assert not provider.diff(created.id, read.outs, resized).changes
