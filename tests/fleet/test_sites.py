"""Sites, one by one, against the simulated Rancher and edge clusters in memory."""

from __future__ import annotations

import asyncio
import logging
import time
from pathlib import Path

import pytest

from components.rancher.api import RancherError
from fleet.edge import CLUSTER
from fleet.registration import OWNER as MARK
from fleet.site import SiteProvider
from lab.rancher.sprawl import fleet_namespace
from tests import pki
from tests.fleet.conftest import OWNER, World, edge_cluster, world
from tests.lab.rancher_server import HOST

DEPLOYMENT = "/apis/apps/v1/namespaces/cattle-system/deployments/cattle-cluster-agent"
SYSTEM = "/api/v1/namespaces/cattle-system"


@pytest.mark.parametrize("version", ["2.8.5", "2.15.0"])
async def test_a_site_that_is_not_reached_gets_its_command(version: str, tmp_path: Path) -> None:
    async with world(tmp_path, version=version) as rancher:
        wanted = rancher.wanted(
            "ship-17", cluster_labels={"region": "sea"}, cluster_annotations={"owner": "fleet team"}
        )
        made = await rancher.create(wanted)
        assert made["problem"] == ""
        assert made["command"].startswith(f"kubectl apply -f https://{HOST}")
        shown = (await rancher.clusters())["ship-17"]
        assert (shown["id"], shown["state"]) == (made["cluster_id"], "pending")
        assert shown["labels"]["region"] == "sea"
        assert shown["annotations"]["owner"] == "fleet team"
        assert not rancher.changes(made, wanted)
        assert await rancher.read(made) == made


async def test_a_site_that_is_reached_gets_the_agent(tmp_path: Path) -> None:
    async with world(tmp_path) as rancher:
        with edge_cluster() as edge:
            wanted = rancher.wanted("berlin", edge)
            made = await rancher.create(wanted)
            assert (made["problem"], made["command"]) == ("", "")
            assert edge.objects[DEPLOYMENT]["metadata"]["annotations"][CLUSTER] == made["cluster_id"]
            assert all("fieldManager=rancher-on-pks" in path for path in edge.server.paths if "PATCH" in path)
            await rancher.connect(edge)
            assert (await rancher.arrive({"berlin": made["cluster_id"]}))["states"] == {"berlin": "active"}

            await rancher.delete(made)
            assert await rancher.clusters() == {}
            assert [path for path in edge.objects if "cattle" in path] == []


async def test_an_interrupted_run_is_continued_and_a_foreign_cluster_is_not_taken(tmp_path: Path) -> None:
    async with world(tmp_path) as rancher:
        first = await rancher.create(rancher.wanted("berlin"))
        again = await rancher.create(rancher.wanted("berlin"))  # as if the state had not been written
        assert again["cluster_id"] == first["cluster_id"]

        await rancher.ask("POST", "/v3/clusters", {"type": "cluster", "name": "paris"})
        refused = await rancher.create(rancher.wanted("paris"))
        assert "registered by somebody else" in refused["problem"]
        assert refused["cluster_id"] == ""
        other = await rancher.create({**rancher.wanted("berlin"), "owner": "org/rancher-fleet/other"})
        assert f"registered by stack {OWNER}" in other["problem"]

        await rancher.delete(refused)
        assert set(await rancher.clusters()) == {"berlin", "paris"}
        wanted = rancher.wanted("paris", adopt=True)
        assert rancher.changes(refused, wanted)
        adopted = await rancher.update(refused, wanted)
        assert adopted["problem"] == ""
        assert (await rancher.clusters())["paris"]["annotations"][MARK] == OWNER


async def test_labels_are_kept_and_those_of_others_stay(tmp_path: Path) -> None:
    async with world(tmp_path) as rancher:
        wanted = rancher.wanted("berlin", cluster_labels={"region": "emea", "tier": "gold"})
        made = await rancher.create(wanted)
        shown = (await rancher.clusters())["berlin"]
        labels = {"region": "changed", "theirs": "yes"}
        await rancher.ask("PUT", f"/v3/clusters/{shown['id']}", {**shown, "labels": labels})
        seen = await rancher.read(made)
        assert seen is not None
        assert seen["cluster_labels"] == {"region": "changed"}
        assert rancher.changes(seen, wanted)

        fewer = rancher.wanted("berlin", cluster_labels={"region": "emea"})
        fixed = await rancher.update(seen, fewer)
        shown = (await rancher.clusters())["berlin"]["labels"]
        assert (shown["region"], shown["theirs"], "tier" in shown) == ("emea", "yes", False)
        assert await rancher.read(fixed) == fixed
        assert not rancher.changes(fixed, fewer)


async def test_a_site_removed_by_hand_is_seen_and_registered_again(tmp_path: Path) -> None:
    async with world(tmp_path) as rancher:
        wanted = rancher.wanted("berlin")
        made = await rancher.create(wanted)
        await rancher.ask("DELETE", f"/v3/clusters/{made['cluster_id']}")
        rancher.server.wait(1)
        assert await rancher.read(made) is None
        again = await rancher.create(wanted)
        assert again["cluster_id"] not in {"", made["cluster_id"]}
        await rancher.delete(made)  # what is gone already does no harm


async def test_an_edge_that_does_not_answer_is_one_sites_problem(tmp_path: Path) -> None:
    async with world(tmp_path) as rancher:
        with edge_cluster() as edge:
            wanted = rancher.wanted("berlin", edge)
        made = await rancher.create(wanted)
        assert "the agent is not applied to its cluster" in made["problem"]
        assert "The cluster is registered" in made["problem"]
        assert rancher.changes(made, wanted)
        with edge_cluster() as edge:  # it is back, at another address
            wanted = rancher.wanted("berlin", edge)
            fixed = await rancher.update(made, wanted)
            assert (fixed["problem"], fixed["cluster_id"]) == ("", made["cluster_id"])
            assert DEPLOYMENT in edge.objects


@pytest.mark.parametrize("what", ["a server", "another agent", "no kubeconfig"])
async def test_a_cluster_that_must_not_be_imported(what: str, tmp_path: Path) -> None:
    async with world(tmp_path) as rancher:
        with edge_cluster() as edge:
            wanted = rancher.wanted("berlin", edge)
            env = [{"name": "CATTLE_SERVER", "value": "https://other.example.com"}]
            agent = {"template": {"spec": {"containers": [{"env": env}]}}}
            if what == "a server":
                edge.add("apis/apps/v1/deployments", "rancher")
            elif what == "another agent":
                edge.add("apis/apps/v1/deployments", "cattle-cluster-agent", spec=agent)
            else:
                Path(wanted["kubeconfig_file"]).unlink()
            reason = {
                "a server": "runs a Rancher server",
                "another agent": "another Rancher (https://other.example.com)",
                "no kubeconfig": "cannot be read",
            }[what]
            made = await rancher.create(wanted)
            assert reason in made["problem"]
            assert not [path for path in edge.server.paths if path.startswith("PATCH")]
            if what == "another agent":
                fixed = await rancher.update(made, rancher.wanted("berlin", edge, adopt=True))
                assert fixed["problem"] == ""


async def test_removing_a_site_leaves_the_agent_of_a_renamed_one(tmp_path: Path) -> None:
    async with world(tmp_path) as rancher:
        with edge_cluster() as edge:
            old = await rancher.create(rancher.wanted("berlin", edge))
            new = await rancher.create(rancher.wanted("berlin-01", edge))
            await rancher.delete(old)
            assert edge.objects[DEPLOYMENT]["metadata"]["annotations"][CLUSTER] == new["cluster_id"]
            assert SYSTEM in edge.objects
            await rancher.connect(edge)


async def test_an_edge_out_of_reach_does_not_hold_up_a_removal(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with world(tmp_path) as rancher:
        with edge_cluster() as edge:
            made = await rancher.create(rancher.wanted("berlin", edge))
        await rancher.delete(made)
        assert await rancher.clusters() == {}
        assert "Rancher's agent remains in its cluster" in caplog.text


async def test_namespaces_that_remain_are_reported(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    async with world(tmp_path) as rancher:
        made = await rancher.create(rancher.wanted("berlin"))
        kept = await rancher.create(rancher.wanted("paris"))
        rancher.leaked.append(fleet_namespace(made["cluster_id"]))
        await rancher.delete(made)
        assert f"1 of its namespaces remain on the server's cluster: {rancher.leaked[0]}" in caplog.text
        caplog.clear()
        arrived = await rancher.arrive({}, registered={"paris": kept["cluster_id"]})
        assert arrived["leaked"] == rancher.leaked
        assert "set leakedNamespaces to 1 in the server's stack" in caplog.text


async def test_projects_and_members(tmp_path: Path) -> None:
    async with world(tmp_path) as rancher:
        user = {"type": "user", "username": "jane", "password": "a long password", "name": "Jane"}
        jane = (await rancher.ask("POST", "/v3/users", user)).body["id"]
        owner = {"user": "jane", "role": "project-owner"}
        kiosk = {"name": "kiosk", "members": [owner]}
        wanted = rancher.wanted(
            "berlin", projects=[kiosk], members=[{"user": "jane", "role": "cluster-member"}]
        )
        made = await rancher.create(wanted)
        assert made["problem"] == ""
        assert (await rancher.create(wanted))["project_ids"] == made["project_ids"]  # continued
        bound = (await rancher.ask("GET", "/v3/projectroletemplatebindings")).body["data"]
        assert [(item["userId"], item["projectId"]) for item in bound] == [
            (jane, made["project_ids"]["kiosk"])
        ]
        assert not rancher.changes(made, wanted)

        await rancher.ask("DELETE", f"/v3/projects/{made['project_ids']['kiosk']}")
        seen = await rancher.read(made)
        assert seen is not None
        assert seen["project_ids"] == {}
        assert rancher.changes(seen, wanted)
        fixed = await rancher.update(seen, wanted)
        assert set(fixed["project_ids"]) == {"kiosk"}

        none = await rancher.update(fixed, rancher.wanted("berlin"))
        assert (none["project_ids"], none["binding_ids"]) == ({}, {})
        names = [item["name"] for item in (await rancher.ask("GET", "/v3/projects")).body["data"]]
        assert "kiosk" not in names
        assert (await rancher.ask("GET", "/v3/clusterroletemplatebindings")).body["data"] == []

        ghost = await rancher.update(none, rancher.wanted("berlin", members=[{"user": "ghost", "role": "x"}]))
        assert "no user 'ghost'" in ghost["problem"]


async def test_a_wrong_token_fails_everything_with_one_remedy(tmp_path: Path) -> None:
    async with world(tmp_path) as rancher:
        with pytest.raises(
            RancherError, match="Run `pulumi up` in the server's stack and then in this one"
        ) as caught:
            await rancher.create({**rancher.wanted("berlin"), "token": "token-abcde:not-the-secret"})
        assert "not-the-secret" not in str(caught.value)


async def test_only_our_ca_is_trusted(tmp_path: Path) -> None:
    async with world(tmp_path) as rancher:
        with pytest.raises(RancherError, match="CERTIFICATE_VERIFY_FAILED"):
            await rancher.create({**rancher.wanted("berlin"), **rancher.endpoint(ca_bundle=pki.root().pem)})


async def renew_token(rancher: World) -> str:
    """Replaces the token, as the server's stack does; returns the new one."""
    body = {"type": "token", "description": "renewed"}
    token = str((await rancher.ask("POST", "/v3/tokens", body)).body["token"])
    name = rancher.reach["token"].partition(":")[0]
    rancher.server.token = token
    assert (await rancher.ask("DELETE", f"/v3/tokens/{name}")).status == 204
    return token


async def test_a_renewed_token_costs_no_request_and_removes_with_the_new_one(tmp_path: Path) -> None:
    async with world(tmp_path) as rancher:
        made = await rancher.create(rancher.wanted("berlin"))
        gone = await rancher.create(rancher.wanted("paris"))
        rancher.reach["token"] = token = await renew_token(rancher)
        with pytest.raises(RancherError, match="the token is expired or was replaced"):
            await rancher.read(made)

        await rancher.begin_program()
        again = rancher.wanted("berlin")
        provider = rancher.provider(SiteProvider)
        result = provider.diff("berlin", made, again)
        assert (result.changes, result.replaces) == (True, [])
        renewed = provider.update("berlin", made, again).outs  # in this thread: a request would hang
        assert renewed is not None
        assert (renewed["token"], renewed["cluster_id"]) == (token, made["cluster_id"])
        # The state of a removed site still has the old token.
        await rancher.delete(gone)
        assert set(await rancher.clusters()) == {"berlin"}


async def test_a_diff_changes_nothing_in_the_process(tmp_path: Path) -> None:
    async with world(tmp_path) as rancher:
        made = await rancher.create(rancher.wanted("berlin"))
        rancher.new_process()
        assert rancher.changes(made, {**rancher.wanted("berlin"), "token": "token-a:another"})
        await rancher.delete(made)  # with the state's own token: no program has declared another one
        assert await rancher.clusters() == {}


async def test_a_destroy_with_an_old_token_names_the_remedy(tmp_path: Path) -> None:
    async with world(tmp_path) as rancher:
        made = await rancher.create(rancher.wanted("berlin"))
        await renew_token(rancher)
        rancher.new_process()
        with pytest.raises(RancherError, match="Run `pulumi up` in the server's stack and then in this one"):
            await rancher.delete(made)
        assert set(await rancher.clusters()) == {"berlin"}


async def test_sites_are_registered_in_a_server_that_replaces_another(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "rancher-on-pks")
    async with world(tmp_path) as rancher:
        made = await rancher.create(rancher.wanted("berlin"))
        await rancher.begin_program(server_uuid="another")
        moved = {**rancher.wanted("berlin"), "server_uuid": "another"}
        result = rancher.provider(SiteProvider).diff("berlin", made, moved)
        assert (result.replaces, result.delete_before_replace) == (["server_uuid"], True)
        await rancher.delete(made)  # sends nothing: that Rancher does not exist any more
        assert "its Rancher server was replaced" in caplog.text
        assert set(await rancher.clusters()) == {"berlin"}


async def test_all_deletions_share_one_patience(tmp_path: Path) -> None:
    async with world(tmp_path) as rancher:
        made = [await rancher.create(rancher.wanted(f"site-{number}")) for number in range(4)]
        rancher.leaked += [fleet_namespace(site["cluster_id"]) for site in made]
        start = time.monotonic()
        await asyncio.gather(*(rancher.delete(site) for site in made))
        assert time.monotonic() - start < 7  # of 4 seconds, and not 16


async def test_an_expired_command_is_renewed(tmp_path: Path) -> None:
    async with world(tmp_path) as rancher:
        wanted = rancher.wanted("ship")
        made = await rancher.create(wanted)
        old = {**made, "command_expires": "2024-01-01T00:00:00Z"}
        assert rancher.changes(old, wanted)
        renewed = await rancher.update(old, wanted)
        assert renewed["command"]
        assert not rancher.changes(renewed, wanted)
