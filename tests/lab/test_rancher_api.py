"""The simulated Rancher's API: what differs by release, what lasts, what hangs, and what it costs."""

from __future__ import annotations

import base64
from typing import Any

import pytest
import yaml

from lab.rancher import sprawl
from lab.rancher.namespaces import created
from lab.rancher.release import Release
from tests.lab.fake_cluster import FakeApi
from tests.lab.rancher_server import FIRST, Server, serving

URL = {"name": "server-url", "value": "https://rancher.example.com"}
CHANGE = "/v3/users?action=changepassword"
WAITING = "waiting for server-url setting to be set"
DAY = 86_400


def counted(server: Server) -> int:
    """Namespaces that there are now, without cattle-system."""
    return len(sprawl.wanted(server.context))


async def imported(server: Server, name: str = "site") -> str:
    """Id of a new cluster whose namespaces are there."""
    answer = await server.ask("POST", "/v3/clusters", {"type": "cluster", "name": name})
    server.wait(2)
    identifier: str = answer.body["id"]
    return identifier


async def registered(server: Server, cluster: str) -> dict[str, Any]:
    """A registration token of the cluster, filled in."""
    answer = await server.ask("POST", "/v3/clusterregistrationtokens", {"clusterId": cluster})
    server.wait(1)
    shown = await server.ask("GET", f"/v3/clusterregistrationtokens/{answer.body['id']}")
    body: dict[str, Any] = shown.body
    return body


async def connected(server: Server, cluster: str) -> None:
    token = (await registered(server, cluster))["token"]
    answer = await server.ask("POST", "/lab/agent", {"version": "v1.28.11", "nodes": 3}, token=token)
    assert answer.status == 200


async def local(server: Server) -> dict[str, Any]:
    body: dict[str, Any] = (await server.ask("GET", "/v3/clusters/local")).body
    return body


# --- what differs by release -----------------------------------------------------------------------


@pytest.mark.parametrize(("version", "status"), [("v2.2.8", 404), ("v2.8.5", 404), ("v2.13.0", 201)])
async def test_login_at_v1_public_came_with_2_13(version: str, status: int) -> None:
    body = {"type": "localProvider", "username": "admin", "password": FIRST}
    async with serving(version) as server:
        assert (await server.ask("POST", "/v1-public/login", body)).status == status
        assert (await server.login()).status == 201


@pytest.mark.parametrize(
    ("version", "status", "value"),
    [("v2.2.8", 200, "prompt"), ("v2.6.0", 200, ""), ("v2.8.5", 200, ""), ("v2.11.3", 404, None)],
)
async def test_telemetry_can_be_set_until_2_10(version: str, status: int, value: str | None) -> None:
    async with serving(version) as server:
        await server.login()
        found = await server.ask("GET", "/v3/settings/telemetry-opt")
        assert (found.status, found.body.get("value")) == (status, value)
        assert (await server.ask("PUT", "/v3/settings/telemetry-opt", {"value": "out"})).status == status


@pytest.mark.parametrize(
    ("version", "status"), [("v2.2.8", 200), ("v2.6.0", 200), ("v2.6.3", 422), ("v2.8.5", 422)]
)
async def test_short_passwords_are_refused_from_2_6_3_on(version: str, status: int) -> None:
    async with serving(version) as server:
        await server.login()
        length = await server.ask("GET", "/v3/settings/password-min-length")
        assert length.status == (404 if status == 200 else 200)
        answer = await server.ask("POST", CHANGE, {"currentPassword": FIRST, "newPassword": "short"})
        assert answer.status == status
        wrong = {"currentPassword": "wrong", "newPassword": "long-enough-for-it"}
        assert (await server.ask("POST", CHANGE, wrong)).body["message"] == "invalid current password"


async def test_the_length_that_a_password_needs_can_be_set() -> None:
    async with serving("v2.8.5") as server:
        await server.login()
        await server.ask("PUT", "/v3/settings/password-min-length", {"value": "20"})
        answer = await server.ask("POST", CHANGE, {"currentPassword": FIRST, "newPassword": "a" * 19})
        assert answer.body["message"] == "Password must be at least 20 characters"


@pytest.mark.parametrize(("version", "days"), [("v2.2.8", 0), ("v2.6.0", 0), ("v2.8.5", 90), ("v2.15.0", 90)])
async def test_the_life_of_tokens_is_limited_from_2_8_on(version: str, days: int) -> None:
    async with serving(version) as server:
        await server.login()
        answer = await server.ask("POST", "/v3/tokens", {"type": "token", "ttl": 0})
        assert answer.body["ttl"] == days * DAY * 1000
        server.token = answer.body["token"]
        server.wait(91 * DAY)
        assert (await server.ask("GET", "/v3/clusters")).status == (401 if days else 200)


async def test_a_lower_limit_for_tokens_holds() -> None:
    async with serving() as server:
        await server.login()
        await server.ask("PUT", "/v3/settings/auth-token-max-ttl-minutes", {"value": "60"})
        answer = await server.ask("POST", "/v3/tokens", {"ttl": 5 * 3_600_000})
        assert answer.body["ttl"] == 3_600_000


@pytest.mark.parametrize(("version", "prefix"), [("v2.8.5", "p-"), ("v2.15.0", "local-p-")])
async def test_namespace_of_a_project(version: str, prefix: str) -> None:
    async with serving(version) as server:
        await server.login()
        before = {item.name for item in sprawl.wanted(server.context)}
        await server.ask("POST", "/v3/projects", {"name": "apps", "clusterId": "local"})
        (new,) = {item.name for item in sprawl.wanted(server.context)} - before
        assert new.startswith(prefix)


def test_releases_are_ordered() -> None:
    assert Release("v2.9.0") < Release("v2.10.0") < Release("v2.10.1")


# --- passwords and sessions ------------------------------------------------------------------------


@pytest.mark.parametrize(("password", "must"), [("admin", True), (FIRST, False)])
async def test_only_the_password_admin_must_be_changed(password: str, must: bool) -> None:
    async with serving(password=password) as server:
        await server.login(password)
        user = (await server.ask("GET", "/v3/users?me=true")).body["data"][0]
        assert user["mustChangePassword"] is must
        assert (await server.ask("PUT", "/v3/settings/server-url", URL)).status == 200
        await server.ask("POST", CHANGE, {"currentPassword": password, "newPassword": "a-new-password"})
        user = (await server.ask("GET", "/v3/users?me=true")).body["data"][0]
        assert user["mustChangePassword"] is False


async def test_a_session_ends_after_sixteen_hours() -> None:
    async with serving() as server:
        await server.login()
        server.wait(16 * 3600 - 1)
        assert (await server.ask("GET", "/v3/users?me=true")).status == 200
        server.wait(1)
        assert (await server.ask("GET", "/v3/users?me=true")).status == 401


async def test_a_token_serves_as_bearer_as_basic_login_and_in_a_browsers_cookie() -> None:
    async with serving() as server:
        await server.login()
        basic = base64.b64encode(server.token.encode()).decode()
        for headers in ({"Authorization": f"Basic {basic}"}, {"Cookie": f"R_SESS={server.token}"}):
            assert (await server.ask("GET", "/v3/users?me=true", token="", **headers)).status == 200
        wrong = {"Authorization": "Basic not-base-64"}
        assert (await server.ask("GET", "/v3/users?me=true", token="", **wrong)).status == 401
        body = {"username": "admin", "password": FIRST, "responseType": "cookie"}
        answer = await server.ask("POST", "/v3-public/localProviders/local?action=login", body, token="")
        assert (answer.status, answer.text) == (200, "")
        assert answer.headers["set-cookie"].startswith("R_SESS=token-")


async def test_a_body_that_is_no_object_is_refused() -> None:
    async with serving() as server:
        await server.login()
        answer = await server.ask("PUT", "/v3/settings/server-url", ["x"])
        assert (answer.status, answer.body["code"]) == (422, "InvalidBodyContent")


async def test_who_is_no_administrator_may_not_manage() -> None:
    async with serving() as server:
        await server.login()
        user = {"username": "alice", "password": "alices-password"}
        alice = (await server.ask("POST", "/v3/users", user)).body["id"]
        admin = server.token
        await server.login("alices-password", "alice")
        assert (await server.ask("POST", "/v3/clusters", {"name": "x"})).status == 403
        assert (await server.ask("PUT", "/v3/settings/server-url", URL)).status == 403
        assert len((await server.ask("GET", "/v3/users")).body["data"]) == 1
        role = {"globalRoleId": "admin", "userId": alice}
        await server.ask("POST", "/v3/globalrolebindings", role, token=admin)
        assert (await server.ask("POST", "/v3/clusters", {"name": "x"})).status == 201


# --- the cluster local -----------------------------------------------------------------------------


async def test_local_of_an_old_release_hangs_until_it_is_saved() -> None:
    async with serving("v2.2.8") as server:
        await server.login()
        await server.ask("PUT", "/v3/clusters/local", {"name": "local"})
        await server.ask("PUT", "/v3/settings/server-url", URL)
        server.wait(3600)
        hanging = await local(server)
        assert (hanging["state"], hanging["transitioning"]) == ("provisioning", "yes")
        assert hanging["transitioningMessage"] == WAITING
        assert (await server.ask("PUT", "/v3/clusters/local", hanging)).status == 200
        server.wait(2)
        done = await local(server)
        assert (done["state"], done["transitioning"], done["transitioningMessage"]) == ("active", "no", "")


@pytest.mark.parametrize("version", ["v2.6.0", "v2.8.5", "v2.15.0"])
async def test_local_of_a_later_release_waits_for_the_url_only(version: str) -> None:
    async with serving(version) as server:
        await server.login()
        server.wait(60)
        assert (await local(server))["transitioningMessage"] == WAITING
        await server.ask("PUT", "/v3/settings/server-url", URL)
        server.wait(15)
        assert (await local(server))["state"] == "active"


@pytest.mark.parametrize(("version", "stuck"), [("v2.2.8", False), ("v2.15.0", True)])
async def test_the_fault_decides_whether_local_hangs(version: str, stuck: bool) -> None:
    async with serving(version) as server:
        server.fault["local_stuck"] = stuck
        await server.login()
        await server.ask("PUT", "/v3/settings/server-url", URL)
        server.wait(60)
        assert (await local(server))["state"] == ("provisioning" if stuck else "active")


async def test_local_stays_active_once_it_is() -> None:
    async with serving() as server:
        await server.login()
        await server.ask("PUT", "/v3/settings/server-url", URL)
        server.wait(15)
        await local(server)
        server.fault["local_stuck"] = True
        await server.ask("PUT", "/v3/settings/server-url", {"value": "https://other.example.com"})
        assert (await local(server))["state"] == "active"


# --- imported clusters and what they cost ----------------------------------------------------------


async def test_the_manifest_brings_the_agent_and_the_agent_makes_the_cluster_active() -> None:
    async with serving("v2.8.5", ca="-----BEGIN CERTIFICATE-----\n") as server:
        await server.login()
        await server.ask("PUT", "/v3/settings/server-url", URL)
        cluster = await imported(server)
        registration = await registered(server, cluster)
        path = registration["manifestUrl"].removeprefix("https://rancher.example.com")
        manifest = await server.ask("GET", path, token="")
        objects = {item["kind"]: item for item in yaml.safe_load_all(manifest.text)}
        container = objects["Deployment"]["spec"]["template"]["spec"]["containers"][0]
        environment = {item["name"]: item["value"] for item in container["env"]}
        assert objects["Deployment"]["metadata"]["name"] == "cattle-cluster-agent"
        assert container["image"] == "rancher/rancher-agent:v2.8.5"
        assert environment["CATTLE_SERVER"] == URL["value"]
        assert len(environment["CATTLE_CA_CHECKSUM"]) == 64
        await connected(server, cluster)
        shown = (await server.ask("GET", f"/v3/clusters/{cluster}")).body
        assert (shown["state"], shown["driver"], shown["nodeCount"]) == ("active", "imported", 3)
        assert shown["version"]["gitVersion"] == "v1.28.11"


async def test_agents_come_from_the_default_registry_with_its_login() -> None:
    async with serving() as server:
        await server.login()
        cluster = await imported(server, "one")
        path = f"/v3/import/{(await registered(server, cluster))['token']}_{cluster}.yaml"

        async def manifest() -> tuple[str, list[dict[str, Any]], list[str]]:
            documents = list(yaml.safe_load_all((await server.ask("GET", path)).text))
            pod = next(item for item in documents if item["kind"] == "Deployment")["spec"]["template"]["spec"]
            names = [item["metadata"]["name"] for item in documents if item["kind"] == "Secret"]
            return pod["containers"][0]["image"], pod.get("imagePullSecrets", []), names

        image, secrets, _ = await manifest()
        assert (image, secrets) == ("rancher/rancher-agent:v2.15.0", [])
        server.context.environment = lambda: {
            "CATTLE_SYSTEM_DEFAULT_REGISTRY": "h.example/p",
            "CATTLE_BASE_REGISTRY_PULL_SECRETS": "login,gone",
        }
        login = {"metadata": {"name": "login"}, "type": "kubernetes.io/dockerconfigjson", "data": {}}
        server.context.secret = {"login": login}.get
        image, secrets, names = await manifest()
        assert (image, secrets) == ("h.example/p/rancher/rancher-agent:v2.15.0", [{"name": "login"}])
        assert "login" in names and "gone" not in names
        found = await server.ask("GET", "/v3/settings/system-default-registry")
        assert found.body["value"] == "h.example/p"


async def test_a_manifest_needs_its_own_token() -> None:
    async with serving() as server:
        await server.login()
        one, other = await imported(server, "one"), await imported(server, "other")
        token = (await registered(server, one))["token"]
        assert (await server.ask("GET", f"/v3/import/{token}_{other}.yaml")).status == 404
        assert (await server.ask("GET", f"/v3/import/{'x' * 54}_{one}.yaml")).status == 404
        assert (await server.ask("POST", "/lab/agent", {}, token="x" * 54)).status == 401


async def test_namespaces_follow_the_measured_steps_of_2_15() -> None:
    """Three more than measured: the two of Turtles, and cattle-tokens from the start."""
    async with serving() as server:
        assert counted(server) == 14
        await server.login()
        await server.ask("PUT", "/v3/settings/server-url", URL)
        assert counted(server) == 16
        answer = await server.ask("POST", "/v3/clusters", {"name": "site"})
        assert counted(server) == 16
        server.wait(1)
        assert counted(server) == 19
        cluster = answer.body["id"]
        await connected(server, cluster)
        assert counted(server) == 20
        assert sprawl.fleet_namespace("c-5gdxx") == "cluster-fleet-default-c-5gdxx-aa4329d03704"
        await server.ask("POST", "/v3/projects", {"name": "p1", "clusterId": cluster})
        assert counted(server) == 21
        user = {"username": "bob", "password": "bobs-password", "name": "Bob"}
        bob = (await server.ask("POST", "/v3/users", user)).body["id"]
        assert counted(server) == 21
        await server.ask("GET", "/v3/preferences")
        assert counted(server) == 21
        for _ in range(2):
            await server.ask("POST", "/v3/preferences", {"name": "theme", "value": "ui-dark"})
        assert counted(server) == 22
        await server.ask("DELETE", f"/v3/users/{bob}")
        await server.ask("DELETE", f"/v3/clusters/{cluster}")
        assert counted(server) == 17


@pytest.mark.parametrize(("version", "cost"), [("v2.2.8", 3), ("v2.4.18", 3), ("v2.5.17", 4), ("v2.8.5", 4)])
async def test_cost_of_a_connected_cluster(version: str, cost: int) -> None:
    async with serving(version) as server:
        await server.login()
        before = counted(server)
        await connected(server, await imported(server))
        assert counted(server) - before == cost


async def test_namespaces_are_made_and_deleted_in_the_cluster_and_some_leak() -> None:
    api, done = FakeApi({}), set[str]()
    async with serving() as server:
        await server.login()
        await connected(server, first := await imported(server, "first"))
        await connected(server, second := await imported(server, "second"))
        await sprawl.keep(api, server.context, done)
        assert len(api.created) == 14 + 2 * 4
        await server.ask("DELETE", f"/v3/clusters/{first}")
        await sprawl.keep(api, server.context, done)
        assert len(api.created) == 14 + 2 * 4
        wait = sprawl.pause(server.context, server.context.clock())
        assert wait is not None
        server.wait(wait)
        await sprawl.keep(api, server.context, done)
        assert f"/api/v1/namespaces/{sprawl.fleet_namespace(first)}" not in api.created
        server.wait(20)
        await sprawl.keep(api, server.context, done)
        assert len(api.created) == 14 + 4
        server.fault["leak"] = ["fleet"]
        await server.ask("DELETE", f"/v3/clusters/{second}")
        server.wait(20)
        await sprawl.keep(api, server.context, done)
        assert len(api.created) == 14 + 1
        assert f"/api/v1/namespaces/{sprawl.fleet_namespace(second)}" in api.created
        assert sprawl.pause(server.context, server.context.clock()) is None


async def test_what_became_due_while_something_else_was_made_is_not_forgotten() -> None:
    async with serving() as server:
        await server.login()
        began = server.context.clock()
        await imported(server, "first")
        server.wait(20)
        assert sprawl.pause(server.context, began) == 0.01


@pytest.mark.parametrize(
    ("fault", "age", "left"),
    [
        ({}, 0.1, 0),  # its namespaces are never made
        ({}, 0.35, 3),
        ({}, 0.49, 3),
        ({}, 0.51, 0),
        ({"setup_seconds": 10.0}, 7.0, 3),
        ({"setup_seconds": 10.0}, 10.5, 0),
    ],
)
async def test_f6_a_cluster_deleted_before_its_finalizer_leaves_its_namespaces(
    fault: dict[str, float], age: float, left: int
) -> None:
    api, done = FakeApi({}), set[str]()
    async with serving() as server:
        await server.login()
        server.fault.update(fault)
        await sprawl.keep(api, server.context, done)
        before = set(api.created)
        cluster = (await server.ask("POST", "/v3/clusters", {"name": "site"})).body["id"]
        server.wait(age)
        await sprawl.keep(api, server.context, done)
        shown = (await server.ask("GET", f"/v3/clusters/{cluster}")).body
        assert (sprawl.GUARDED in shown["annotations"]) is (left == 0 and age > 0.2)
        await server.ask("DELETE", f"/v3/clusters/{cluster}")
        for _ in range(3):
            server.wait(20)
            await sprawl.keep(api, server.context, done)
        remain = {path.rpartition("/")[2] for path in set(api.created) - before}
        assert len(remain) == left
        assert all(name == cluster or name.startswith(f"{cluster}-p-") for name in remain)


async def test_the_name_of_a_deleted_cluster_is_free_again() -> None:
    async with serving() as server:
        await server.login()
        first = await imported(server)
        assert (await server.ask("POST", "/v3/clusters", {"name": "site"})).status == 422
        await server.ask("DELETE", f"/v3/clusters/{first}")
        server.wait(1)
        assert (await imported(server)) != first
        assert len((await server.ask("GET", "/v3/clusters")).body["data"]) == 2


async def test_a_project_of_local_can_go_and_stays_away() -> None:
    async with serving() as server:
        await server.login()
        shown = (await server.ask("GET", "/v3/projects?clusterId=local&name=Default")).body["data"]
        (project,) = shown
        namespace = project["id"].partition(":")[2]
        assert namespace in {item.name for item in created("v2.15.0", "seed", server_url=False)}
        assert (await server.ask("DELETE", f"/v3/projects/{project['id']}")).status == 200
        server.wait(60)
        await sprawl.keep(FakeApi({}), server.context, set())
        assert namespace not in {item.name for item in sprawl.wanted(server.context)}
