"""Rancher in a real cluster of the lab, reached over TLS, and clients that press against its limits."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import uuid
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import aiohttp
from aiohttp import web

from fleet.session import Sessions
from fleet.site import SiteProvider
from lab.cluster.api import ApiError, Object
from lab.rancher import PORT
from tests import pki
from tests.lab.rancher_server import FIRST, HOST, Answer
from tests.lab.running_cluster import Running, until
from tests.servers import server_context

CLUSTERS = "/apis/management.cattle.io/v3/clusters"
MIRRORS = "/apis/provisioning.cattle.io/v1/namespaces/fleet-default/clusters"
_SYSTEM = "/api/v1/namespaces/cattle-system"
_PASSWORD = "a-password-of-somebody"
_POD = {
    "metadata": {"name": "rancher", "namespace": "cattle-system", "labels": {"app": "rancher"}},
    "spec": {"containers": [{"name": "rancher", "image": "rancher/rancher:v2.15.0"}]},
}


@dataclass
class InCluster:
    """One Rancher; ``token`` is the administrator's."""

    running: Running
    client: aiohttp.ClientSession
    url: str
    endpoint: dict[str, Any]
    token: str = field(default="", repr=False)

    async def ask(self, method: str, path: str, body: object = None, token: str | None = None) -> Answer:
        """One request to Rancher, as the administrator or with another token."""
        headers = {"X-Forwarded-Proto": "https", "Host": HOST}
        if known := self.token if token is None else token:
            headers["Authorization"] = f"Bearer {known}"
        async with self.client.request(method, self.url + path, json=body, headers=headers) as response:
            text = await response.text()
            value = await response.json(content_type=None) if text.startswith("{") else None
            return Answer(response.status, value, text, dict(response.headers))

    async def login(self, username: str, password: str) -> str:
        """A token."""
        body = {"username": username, "password": password}
        answer = await self.ask("POST", "/v3-public/localProviders/local?action=login", body, "")
        assert answer.status == 201, answer.text
        return str(answer.body["token"])

    async def user(self, name: str, role: str) -> str:
        """Token of a new user with a global role."""
        body = {"type": "user", "username": name, "password": _PASSWORD, "enabled": True}
        made = (await self.ask("POST", "/v3/users", body)).body
        await self.ask("POST", "/v3/globalrolebindings", {"globalRoleId": role, "userId": made["id"]})
        return await self.login(name, _PASSWORD)

    async def kubectl(self, path: str, item: Object) -> tuple[int, str]:
        """Status and message of a creation in the cluster's own API, by its administrator."""
        try:
            await self.running.api.request("POST", path, item)
        except ApiError as error:
            return error.status, error.message
        return 201, ""

    async def kubectl_cluster(self, path: str = CLUSTERS) -> tuple[int, str]:
        name = f"c-{uuid.uuid4().hex[:8]}"
        group = path.split("/")[2:4]
        item = {"apiVersion": "/".join(group), "kind": "Cluster", "metadata": {"name": name}}
        return await self.kubectl(path, {**item, "spec": {"displayName": name}})

    async def kubectl_project(self, cluster: str) -> tuple[int, str]:
        name = f"p-{uuid.uuid4().hex[:8]}"
        path = f"/apis/management.cattle.io/v3/namespaces/{cluster}/projects"
        item = {"apiVersion": "management.cattle.io/v3", "kind": "Project", "metadata": {"name": name}}
        return await self.kubectl(path, {**item, "spec": {"displayName": name, "clusterName": cluster}})

    async def api_cluster(self, token: str) -> tuple[int, str]:
        body = {"type": "cluster", "name": f"ui-{uuid.uuid4().hex[:8]}"}
        answer = await self.ask("POST", "/v3/clusters", body, token)
        return answer.status, str((answer.body or {}).get("message", ""))

    async def api_project(self, cluster: str, token: str) -> tuple[int, str]:
        body = {"type": "project", "name": "sprawl", "clusterId": cluster}
        answer = await self.ask("POST", "/v3/projects", body, token)
        return answer.status, str((answer.body or {}).get("message", ""))

    async def site(self, owner: str, name: str, limit: int = 0, sessions: Sessions | None = None) -> Object:
        """Outputs of a site that a fleet's program imports."""
        provider = SiteProvider()
        provider.sessions = sessions or Sessions()
        wanted = {
            **{"endpoint": self.endpoint, "server_uuid": "u", "token": self.token, "name": name},
            **{"owner": owner, "cluster_labels": {}, "cluster_annotations": {}, "members": []},
            **{"projects": [], "adopt": False, "kubeconfig_file": "", "fingerprint": ""},
            "project_limit": limit,
        }
        return dict((await asyncio.to_thread(provider.create, wanted)).outs or {})

    async def imported(self) -> dict[str, str]:
        """Names of the clusters besides ``local``, by id."""
        found = (await self.running.api.request("GET", CLUSTERS))["items"]
        names = {item["metadata"]["name"]: item["spec"]["displayName"] for item in found}
        return {key: name for key, name in names.items() if key != "local"}

    async def projects(self, cluster: str) -> list[str]:
        path = f"/apis/management.cattle.io/v3/namespaces/{cluster}/projects"
        found = (await self.running.api.request("GET", path))["items"]
        return [item["metadata"]["name"] for item in found]

    async def half_built(self) -> set[str]:
        """Objects without what they are of: namespaces of no cluster or project, clusters without one."""
        names = await self.running.names("/api/v1/namespaces")
        clusters = await self.imported()
        projects = {name for cluster in (*clusters, "local") for name in await self.projects(cluster)}
        mirrors = await self.running.names(MIRRORS)
        of_clusters = {name for name in names if name.startswith("c-")}
        orphans = {
            name
            for name in of_clusters
            if name not in clusters and name.rpartition("-p-")[2] not in {item[2:] for item in projects}
        }
        return orphans | (clusters.keys() - names) | (mirrors - clusters.keys())


@contextlib.asynccontextmanager
async def rancher_in(running: Running) -> AsyncIterator[InCluster]:
    """Starts Rancher in a cluster."""
    api, root = running.api, pki.root()
    secret = {"bootstrapPassword": base64.b64encode(FIRST.encode()).decode()}
    await api.create("/api/v1/namespaces", {"metadata": {"name": "cattle-system"}})
    await api.create(f"{_SYSTEM}/secrets", {"metadata": {"name": "bootstrap-secret"}, "data": secret})

    async def placed() -> bool:
        with contextlib.suppress(ApiError):  # its service account comes a moment after the namespace
            return await api.create(f"{_SYSTEM}/pods", _POD)
        return False

    await until(placed)
    url = f"http://{running.lab.control_plane(running.spec.slot)}:{PORT}"
    tls = server_context(pki.server(root))
    async with aiohttp.ClientSession() as client, aiohttp.ClientSession() as behind:

        async def answers() -> bool:
            with contextlib.suppress(aiohttp.ClientError):
                async with client.get(f"{url}/ping") as response:
                    return response.status == 200
            return False

        await until(answers, 90)

        async def forward(request: web.Request) -> web.Response:
            headers = {name: value for name, value in request.headers.items() if name != "Content-Length"}
            async with behind.request(
                request.method,
                url + request.path_qs,
                data=await request.read(),
                headers={**headers, "X-Forwarded-Proto": "https"},
            ) as response:
                body, kind = await response.read(), response.content_type
                return web.Response(body=body, status=response.status, content_type=kind)

        app = web.Application()
        app.router.add_route("*", "/{path:.*}", forward)
        runner = web.AppRunner(app, shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, running.lab.address(0, 90), 0, ssl_context=tls).start()
        host, port = runner.addresses[0][:2]
        endpoint = {"address": host, "port": port, "hostname": HOST, "ca_bundle": root.pem}
        made = InCluster(running, client, url, endpoint)
        made.token = await made.login("admin", FIRST)
        server_url = {"name": "server-url", "value": f"https://{HOST}:{port}"}
        assert (await made.ask("PUT", "/v3/settings/server-url", server_url)).status == 200
        try:
            yield made
        finally:
            await runner.cleanup()
