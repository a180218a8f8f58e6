"""The simulated Rancher: starts and stops with its pods, waits for its Secrets, answers as a real one."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import os
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import pytest

from lab.layout import Lab
from lab.rancher.pods import MOUNTED
from lab.rancher.simulator import Rancher
from tests.lab.fake_kubernetes import FakeKubernetes, Object, serving

NET = 200 + os.getpid() % 50
HTTPS = {"X-Forwarded-Proto": "https"}


@dataclass
class Stage:
    """A simulator that runs against a fake cluster."""

    cluster: FakeKubernetes
    client: aiohttp.ClientSession
    url: str

    async def answers(self) -> bool:
        """Whether ``/ping`` is answered."""
        try:
            async with self.client.get(f"{self.url}/ping") as response:
                return await response.text() == "pong"
        except aiohttp.ClientConnectorError:
            return False

    def pod(self, name: str) -> Object:
        """A pod as it is now."""
        return self.cluster.objects["pods"][f"cattle-system/{name}"]

    async def login(self, password: str) -> tuple[int, str]:
        """Status of the administrator's login, and his token."""
        url = f"{self.url}/v3-public/localProviders/local?action=login"
        body = {"username": "admin", "password": password}
        async with self.client.post(url, json=body, headers=HTTPS) as response:
            answer = await response.json()
            return response.status, answer.get("token", "")

    async def put(self, path: str, token: str, body: Object) -> int:
        """Status of a change."""
        headers = {**HTTPS, "Authorization": f"Bearer {token}"}
        async with self.client.put(self.url + path, json=body, headers=headers) as response:
            return response.status

    def namespaces(self) -> set[str]:
        """Names of the cluster's namespaces."""
        return set(self.cluster.objects.get("namespaces", {}))


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    lab = Lab(tmp_path, NET)
    address = (lab.control_plane(1), 8080)
    async with serving(lab) as (cluster, kubeconfig), aiohttp.ClientSession() as client:
        found = Stage(cluster, client, f"http://{address[0]}:{address[1]}")
        async with playing(Rancher(kubeconfig, address, "seed")):
            yield found


@contextlib.asynccontextmanager
async def playing(rancher: Rancher) -> AsyncIterator[None]:
    """The simulator runs."""
    task = asyncio.create_task(rancher.run())
    try:
        yield
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def eventually(condition: Callable[[], object]) -> None:
    """Wait until ``condition`` holds; a coroutine function's result counts."""
    async with asyncio.timeout(60):
        while True:
            result = condition()
            if await result if asyncio.iscoroutine(result) else result:
                return
            await asyncio.sleep(0.02)


def pod(name: str, *, ready: bool = False, ca: bool = False, version: str = "v2.15.0") -> Object:
    """A scheduled Rancher pod; with ``ca`` it mounts the private CA as the chart does."""
    container: Object = {"name": "rancher", "image": f"rancher/rancher:{version}"}
    volumes: list[Object] = []
    if ca:
        path = "/etc/rancher/ssl/cacerts.pem"
        container["volumeMounts"] = [{"name": "tls-ca-volume", "mountPath": path, "subPath": "cacerts.pem"}]
        volumes = [{"name": "tls-ca-volume", "secret": {"secretName": "tls-ca"}}]
    waiting = {"name": "rancher", "state": {"waiting": {"reason": "ContainerCreating"}}}
    return {
        "metadata": {"name": name, "namespace": "cattle-system", "labels": {"app": "rancher"}},
        "spec": {"nodeName": "node", "containers": [container], "volumes": volumes},
        "status": {
            "conditions": [{"type": "Ready", "status": str(ready)}],
            "containerStatuses": [waiting],
        },
    }


def tls_ca(**data: str) -> Object:
    return {"metadata": {"name": "tls-ca", "namespace": "cattle-system"}, "data": data}


def bootstrap_secret(password: str) -> Object:
    data = {"bootstrapPassword": base64.b64encode(password.encode()).decode()}
    return {"metadata": {"name": "bootstrap-secret", "namespace": "cattle-system"}, "data": data}


async def start(stage: Stage, name: str = "rancher-0", version: str = "v2.15.0") -> None:
    """Bring a pod up the way KWOK does: ready some time after its volumes are mounted."""
    await stage.cluster.put("pods", pod(name, version=version))
    await eventually(lambda: MOUNTED in stage.pod(name)["metadata"].get("annotations", {}))
    assert not await stage.answers()
    item = stage.pod(name)
    item["status"]["conditions"] = [{"type": "Ready", "status": "True"}]
    await stage.cluster.put("pods", item)
    await eventually(stage.answers)


async def test_serves_while_a_pod_is_ready(stage: Stage) -> None:
    assert not await stage.answers()
    await start(stage)
    await stage.cluster.remove("pods", "cattle-system/rancher-0")
    await eventually(lambda: _not(stage.answers()))
    await start(stage, "rancher-1")


async def test_makes_its_namespaces_once_it_runs(stage: Stage) -> None:
    await stage.cluster.put("pods", pod("rancher-0"))
    await eventually(lambda: MOUNTED in stage.pod("rancher-0")["metadata"].get("annotations", {}))
    assert stage.namespaces() == set()
    await start(stage)
    await eventually(lambda: len(stage.namespaces()) == 14)
    assert {"local", "fleet-local", "cattle-fleet-system"} <= stage.namespaces()


async def test_an_upgrade_adds_the_new_versions_namespaces(stage: Stage) -> None:
    await start(stage, "old", "v2.8.5")
    await eventually(lambda: "cattle-provisioning-capi-system" in stage.namespaces())
    assert "cattle-ui-plugin-system" not in stage.namespaces()
    before = stage.namespaces()
    await stage.cluster.put("pods", pod("new", version="v2.11.3"))
    await eventually(lambda: MOUNTED in stage.pod("new")["metadata"].get("annotations", {}))
    item = stage.pod("new")
    item["status"]["conditions"] = [{"type": "Ready", "status": "True"}]
    await stage.cluster.put("pods", item)
    await eventually(lambda: stage.namespaces() - before == {"cattle-ui-plugin-system"})


async def test_a_missing_ca_secret_keeps_pods_from_starting(stage: Stage) -> None:
    await stage.cluster.put("pods", pod("rancher-0", ready=True, ca=True))
    await eventually(lambda: stage.cluster.objects.get("events"))
    event = next(iter(stage.cluster.objects["events"].values()))
    assert event["reason"] == "FailedMount"
    assert (
        event["message"] == 'MountVolume.SetUp failed for volume "tls-ca-volume" : secret "tls-ca" not found'
    )
    assert MOUNTED not in stage.pod("rancher-0")["metadata"].get("annotations", {})
    assert not await stage.answers()


async def test_the_ca_must_be_called_cacerts_pem(stage: Stage) -> None:
    await stage.cluster.put("secrets", tls_ca(**{"ca.pem": "eA=="}))
    await stage.cluster.put("pods", pod("rancher-0", ready=True, ca=True))

    def reason() -> str:
        state = stage.pod("rancher-0")["status"]["containerStatuses"][0]["state"]
        return str(state["waiting"]["reason"])

    await eventually(lambda: reason() == "CrashLoopBackOff")
    assert not await stage.answers()
    await stage.cluster.put("secrets", tls_ca(**{"cacerts.pem": "eA=="}))
    await eventually(stage.answers)
    assert reason() == "ContainerCreating"


@pytest.mark.parametrize(
    ("version", "webhook", "dies"),
    [("v2.15.0", True, True), ("v2.15.0", False, False), ("v2.15.1", True, False), ("v2.14.2", True, False)],
)
async def test_f1_a_restart_for_another_ca(stage: Stage, version: str, webhook: bool, dies: bool) -> None:
    await stage.cluster.put("secrets", tls_ca(**{"cacerts.pem": "b2xk"}))
    await stage.cluster.put("pods", pod("rancher-0", ready=True, ca=True, version=version))
    await eventually(stage.answers)
    await eventually(lambda: stage.cluster.objects.get("validatingwebhookconfigurations"))
    if not webhook:
        stage.cluster.objects["validatingwebhookconfigurations"].clear()

    # The same CA again does no harm.
    await stage.cluster.put("pods", pod("rancher-1", ca=True, version=version))
    await eventually(lambda: MOUNTED in stage.pod("rancher-1")["metadata"].get("annotations", {}))

    await stage.cluster.put("secrets", tls_ca(**{"cacerts.pem": "bmV3"}))
    await stage.cluster.put("pods", pod("rancher-2", ca=True, version=version))
    if dies:
        await eventually(lambda: stage.cluster.objects.get("events"))
        event = next(iter(stage.cluster.objects["events"].values()))
        assert "denied the request: setting is read only" in event["message"]
        assert MOUNTED not in stage.pod("rancher-2")["metadata"].get("annotations", {})
    else:
        await eventually(lambda: MOUNTED in stage.pod("rancher-2")["metadata"].get("annotations", {}))
    url = f"{stage.url}/v3/settings/cacerts"
    async with stage.client.get(url, headers=HTTPS) as response:
        assert (await response.json())["value"] == ("old" if dies else "new")


async def test_a_lost_connection_to_the_cluster_is_survived(stage: Stage) -> None:
    await start(stage)
    stage.cluster.cut()
    assert await stage.answers()
    await eventually(lambda: len(stage.namespaces()) == 14)
    await stage.cluster.remove("pods", "cattle-system/rancher-0")
    await eventually(lambda: _not(stage.answers()))


async def test_answers_without_login_are_those_of_a_real_server(stage: Stage) -> None:
    await start(stage)

    async def ask(path: str, method: str = "GET", **headers: str) -> tuple[int, str, str]:
        async with stage.client.request(
            method, stage.url + path, headers=headers, allow_redirects=False
        ) as answer:
            return answer.status, answer.headers.get("Location", ""), await answer.text()

    assert await ask("/healthz") == (200, "", "ok")
    status, _, body = await ask("/rancherversion", **HTTPS)
    assert status == 200
    assert json.loads(body) == {"Version": "v2.15.0", "GitCommit": "9994cd931", "RancherPrime": "false"}
    assert (await ask("/v3", **HTTPS))[:2] == (307, "/v3/")
    status, _, body = await ask("/v3/clusters", **HTTPS)
    assert status == 401
    assert json.loads(body) == {
        "type": "error",
        "status": "401",
        "message": "Unauthorized 401: must authenticate",
    }
    assert (await ask("/no/such/path", **HTTPS))[0] == 404


async def test_without_tls_in_front_clients_are_sent_to_https(stage: Stage) -> None:
    await start(stage)
    headers = {"Host": "rancher.example.com", "X-Forwarded-Proto": "http"}
    async with stage.client.get(f"{stage.url}/v3/x?y=z", headers=headers, allow_redirects=False) as answer:
        assert answer.status == 302
        assert answer.headers["Location"] == "https://rancher.example.com/v3/x?y=z"
    headers["Host"] = "rancher.example.com:8080"
    async with stage.client.get(f"{stage.url}/", headers=headers, allow_redirects=False) as answer:
        assert answer.headers["Location"] == "https://rancher.example.com:8443/"
    async with stage.client.post(f"{stage.url}/v3/clusters", headers=headers) as answer:
        assert answer.status == 400
        assert "Use HTTPS" in await answer.text()


@pytest.mark.parametrize(("version", "password"), [("v2.5.17", "admin"), ("v2.8.5", "from-the-chart")])
async def test_the_first_password_comes_from_the_chart_since_2_6(
    stage: Stage, version: str, password: str
) -> None:
    await stage.cluster.put("secrets", bootstrap_secret("from-the-chart"))
    await start(stage, version=version)
    assert (await stage.login("wrong"))[0] == 401
    assert (await stage.login(password))[0] == 201


@pytest.mark.parametrize("empty", [True, False])
async def test_without_a_first_password_rancher_makes_one(stage: Stage, empty: bool) -> None:
    if empty:
        await stage.cluster.put("secrets", bootstrap_secret(""))
    await start(stage)
    secret = stage.cluster.objects["secrets"]["cattle-system/bootstrap-secret"]
    password = base64.b64decode(secret["data"]["bootstrapPassword"]).decode()
    assert password
    assert (await stage.login(password))[0] == 201


async def test_server_url_makes_fleet_import_local(stage: Stage) -> None:
    await stage.cluster.put("secrets", bootstrap_secret("first-password"))
    await start(stage)
    await eventually(lambda: len(stage.namespaces()) == 14)
    _, token = await stage.login("first-password")
    assert await stage.put("/v3/settings/server-url", token, {"value": "https://rancher.example.com"}) == 200
    await eventually(lambda: len(stage.namespaces()) == 16)
    assert "cluster-fleet-local-local-1a3d67d0a899" in stage.namespaces()


async def test_what_rancher_knows_outlives_its_pods_and_the_simulator(tmp_path: Path) -> None:
    lab = Lab(tmp_path, NET)
    address = (lab.control_plane(2), 8080)

    def rancher(kubeconfig: Path) -> Rancher:
        return Rancher(kubeconfig, address, "seed")

    async with serving(lab) as (cluster, kubeconfig), aiohttp.ClientSession() as client:
        stage = Stage(cluster, client, f"http://{address[0]}:{address[1]}")
        await stage.cluster.put("secrets", bootstrap_secret("first-password"))
        async with playing(rancher(kubeconfig)):
            await start(stage)
            _, token = await stage.login("first-password")
            await stage.cluster.remove("pods", "cattle-system/rancher-0")
            await eventually(lambda: _not(stage.answers()))
            await start(stage, "rancher-1")
            assert await stage.put("/v3/settings/server-url", token, {"value": "https://one"}) == 200
        assert not await stage.answers()
        await stage.cluster.put("secrets", bootstrap_secret("another-password"))
        async with playing(rancher(kubeconfig)):
            await eventually(stage.answers)
            assert await stage.put("/v3/settings/server-url", token, {"value": "https://two"}) == 200
            assert (await stage.login("another-password"))[0] == 401
            assert (await stage.login("first-password"))[0] == 201
        kept = json.dumps(cluster.objects)
        assert "first-password" not in kept.replace(json.dumps(bootstrap_secret("first-password")), "")
        assert token.partition(":")[2] not in kept


# --- objects in the cluster's API --------------------------------------------------------------------


async def ready(stage: Stage) -> str:
    """Start Rancher; returns the administrator's token."""
    await stage.cluster.put("secrets", bootstrap_secret("first-password"))
    await start(stage)
    _, token = await stage.login("first-password")
    assert await stage.put("/v3/settings/server-url", token, {"value": "https://rancher.example.com"}) == 200
    return token


async def post(stage: Stage, path: str, token: str, body: Object) -> tuple[int, Object]:
    headers = {**HTTPS, "Authorization": f"Bearer {token}"}
    async with stage.client.post(stage.url + path, json=body, headers=headers) as response:
        return response.status, await response.json()


async def imported(stage: Stage, token: str, name: str) -> str:
    """Import a cluster; returns its id once it has its projects."""
    status, cluster = await post(stage, "/v3/clusters", token, {"name": name})
    assert status == 201
    cluster_id = str(cluster["id"])
    await eventually(lambda: len(projects(stage, cluster_id)) == 2)
    return cluster_id


def projects(stage: Stage, cluster_id: str) -> set[str]:
    found = stage.cluster.objects.get("projects", {})
    return {key.partition("/")[2] for key in found if key.startswith(f"{cluster_id}/")}


async def test_objects_are_created_in_the_users_name(stage: Stage) -> None:
    token = await ready(stage)
    cluster_id = await imported(stage, token, "edge")
    cluster = stage.cluster.objects["clusters"][cluster_id]
    assert cluster["spec"] == {"displayName": "edge", "internal": False}
    assert f"fleet-default/{cluster_id}" in stage.cluster.objects["clusters"]
    [admin] = stage.cluster.objects["users"]
    assert admin in stage.cluster.callers
    assert "system:serviceaccount:cattle-system:rancher" in stage.cluster.callers


async def test_what_the_api_server_denies_rancher_denies_and_nothing_is_left(stage: Stage) -> None:
    token = await ready(stage)
    before = {kind: set(items) for kind, items in stage.cluster.objects.items() if kind != "pods"}
    text = 'clusters.management.cattle.io "c-x" is forbidden: exceeded quota: sprawl'
    stage.cluster.refuse = lambda resource, item: text if resource == "clusters" else ""
    status, answer = await post(stage, "/v3/clusters", token, {"name": "edge"})
    assert (status, answer["code"], answer["message"]) == (403, "Forbidden", text)
    stage.cluster.refuse = lambda _resource, _item: ""
    await imported(stage, token, "other")
    names = {
        item["spec"]["displayName"] for item in stage.cluster.objects["clusters"].values() if item["spec"]
    }
    assert names == {"local", "other"}
    assert before["users"] == set(stage.cluster.objects["users"])


async def test_a_denied_default_project_leaves_its_cluster_alone_and_comes_later(stage: Stage) -> None:
    token = await ready(stage)
    stage.cluster.refuse = lambda resource, _item: "no" if resource == "projects" else ""
    status, cluster = await post(stage, "/v3/clusters", token, {"name": "edge"})
    assert status == 201
    await eventually(lambda: cluster["id"] in stage.namespaces())
    assert projects(stage, cluster["id"]) == set()
    own = [name for name in stage.namespaces() if name.startswith(f"{cluster['id']}-p-")]
    assert own == []
    stage.cluster.refuse = lambda _resource, _item: ""
    await eventually(lambda: sum(name.startswith(f"{cluster['id']}-p-") for name in stage.namespaces()) == 2)
    assert len(projects(stage, cluster["id"])) == 2


async def test_a_project_by_kubectl_gets_its_namespace_and_loses_it(stage: Stage) -> None:
    token = await ready(stage)
    cluster_id = await imported(stage, token, "edge")
    metadata = {"name": "p-kctl1", "namespace": cluster_id}
    item = {"metadata": metadata, "spec": {"displayName": "by hand", "clusterName": cluster_id}}
    await stage.cluster.put("projects", item)
    await eventually(lambda: f"{cluster_id}-p-kctl1" in stage.namespaces())
    await stage.cluster.remove("projects", f"{cluster_id}/p-kctl1")
    await eventually(lambda: f"{cluster_id}-p-kctl1" not in stage.namespaces())


async def test_a_cluster_deleted_by_kubectl_loses_its_namespaces(stage: Stage) -> None:
    token = await ready(stage)
    cluster_id = await imported(stage, token, "edge")
    await stage.cluster.remove("clusters", cluster_id)
    await eventually(lambda: not [name for name in stage.namespaces() if name.startswith(cluster_id)])


async def _not(value: object) -> bool:
    assert asyncio.iscoroutine(value)
    return not await value
