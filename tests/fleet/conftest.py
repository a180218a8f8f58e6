"""A simulated Rancher over verified TLS, edge clusters in memory, and the providers that join them."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import dataclasses
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar, cast

import pytest

from domain.leaked_namespaces import SYSTEM
from fleet import registration
from fleet.agent_connections import AgentConnectionsProvider
from fleet.rancher_connection import RancherConnectionProvider
from fleet.session import FleetProvider, Sessions
from fleet.site import SiteProvider
from lab.cluster.api import ApiError
from lab.rancher import sprawl
from tests import kubernetes_api, pki
from tests.fleet.standalone import fleet  # noqa: F401 - a fixture
from tests.kubernetes_api import FakeApi
from tests.lab.fake_cluster import FakeApi as FakeCluster
from tests.lab.rancher_server import HOST, Answer, Server, serving
from tests.servers import server_context

T = TypeVar("T")
P = TypeVar("P", bound=FleetProvider)
OWNER = "org/rancher-fleet/test"
_KINDS = {
    "/api/v1": [
        ("Namespace", "namespaces", False),
        ("ServiceAccount", "serviceaccounts", True),
        ("Secret", "secrets", True),
    ],
    "/apis/rbac.authorization.k8s.io/v1": [("ClusterRoleBinding", "clusterrolebindings", False)],
    "/apis/apps/v1": [("Deployment", "deployments", True)],
}


@dataclass
class World:
    """One Rancher, and what the providers are given."""

    server: Server
    reach: dict[str, Any]
    root: Path
    leaked: list[str] = field(default_factory=list)
    sessions: Sessions = field(default_factory=lambda: Sessions(patience_seconds=4))
    config: dict[str, str] = field(default_factory=dict)

    def new_process(self) -> None:
        """As the engine starts one for each operation."""
        self.sessions = Sessions(patience_seconds=4)

    def provider(self, kind: type[P]) -> P:
        """A provider of the present process."""
        made = kind()
        made.sessions = self.sessions
        made._config = cast(Any, self.config)
        return made

    def wanted(self, name: str, edge: FakeApi | None = None, **changes: Any) -> dict[str, Any]:
        """Inputs of a Site."""
        props = {
            **self.reach,
            "name": name,
            "owner": OWNER,
            "cluster_labels": {},
            "cluster_annotations": {},
            "members": [],
            "projects": [],
            "adopt": False,
            "kubeconfig_file": "",
            "fingerprint": "",
            "project_limit": -1,
        }
        if edge:
            file = self.root / f"{name}.yaml"
            file.write_text(edge.kubeconfig)
            props |= {"kubeconfig_file": str(file), "fingerprint": edge.server.url}
        return {**props, **changes}

    async def run(self, function: Callable[..., T], *arguments: Any) -> T:
        """The providers block, the simulator shares this thread's loop."""
        return await asyncio.to_thread(function, *arguments)

    async def create(self, wanted: dict[str, Any]) -> dict[str, Any]:
        return dict((await self.run(self.provider(SiteProvider).create, wanted)).outs or {})

    async def update(self, olds: dict[str, Any], wanted: dict[str, Any]) -> dict[str, Any]:
        return dict(
            (await self.run(self.provider(SiteProvider).update, wanted["name"], olds, wanted)).outs or {}
        )

    async def read(self, olds: dict[str, Any]) -> dict[str, Any] | None:
        self.new_process()
        found = await self.run(self.provider(SiteProvider).read, olds["name"], olds)
        return dict(found.outs or {}) if found.id else None

    async def delete(self, olds: dict[str, Any]) -> None:
        await self.run(self.provider(SiteProvider).delete, olds["name"], olds)

    def changes(self, olds: dict[str, Any], wanted: dict[str, Any]) -> bool:
        return bool(self.provider(SiteProvider).diff("", olds, wanted).changes)

    async def arrive(self, awaited: dict[str, str], **given: Any) -> dict[str, Any]:
        props = {**self.reach, "awaited": awaited, "registered": {}, "problems": {}, "timeout_minutes": 1}
        made = await self.run(self.provider(AgentConnectionsProvider).create, {**props, **given})
        return dict(made.outs or {})

    async def begin_program(self, **changes: Any) -> None:
        """A run of the program, which declares the access."""
        self.new_process()
        declared = {**self.reach, **changes}
        await self.run(self.provider(RancherConnectionProvider).check, {}, declared)

    def endpoint(self, **changes: Any) -> dict[str, Any]:
        """Inputs with another endpoint."""
        return {"endpoint": {**self.reach["endpoint"], **changes}}

    async def ask(self, method: str, path: str, body: object = None) -> Answer:
        """By hand, as the administrator."""
        return await self.server.ask(method, path, body)

    async def clusters(self) -> dict[str, dict[str, Any]]:
        found = (await self.ask("GET", "/v3/clusters")).body["data"]
        return {item["name"]: item for item in found if item["id"] != "local"}

    async def connect(self, edge: FakeApi) -> None:
        """Play the agent of an edge cluster."""
        [secret] = [item for path, item in edge.objects.items() if "/secrets/cattle-credentials-" in path]
        token = base64.b64decode(secret["data"]["token"]).decode()
        answer = await self.server.ask("POST", "/lab/agent", {"version": "v1.28.11", "nodes": 1}, token=token)
        assert answer.status == 200


@contextlib.asynccontextmanager
async def world(
    root: Path, *, server_url: str | None = None, version: str = "2.15.0"
) -> AsyncIterator[World]:
    authority = pki.root()
    tls = server_context(pki.server(authority))
    start = time.time()
    async with serving(f"v{version}", tls=tls, now=start, ca=authority.pem) as server:
        port = int(server.url.rsplit(":", 1)[1])
        seen = dataclasses.replace(server, client=cast(Any, Trusting(server.client)))
        await seen.login()
        url = f"https://{HOST}:{port}" if server_url is None else server_url
        await seen.ask("PUT", "/v3/settings/server-url", {"name": "server-url", "value": url})
        where = {"address": "127.0.0.1", "port": port, "hostname": HOST, "ca_bundle": authority.pem}
        reach = {"endpoint": where, "server_uuid": "the-cluster", "token": seen.token}
        made = World(seen, reach, root)

        cluster, kept = FakeCluster({}), set[str]()

        async def listed() -> list[dict[str, Any]]:
            await sprawl.keep(cluster, server.context, kept)
            names = [*(path.rpartition("/")[2] for path in cluster.created), *made.leaked]
            return [namespace(name) for name in names]

        server.context.forward = Core(listed).request
        clock = asyncio.create_task(_pass_time(server, start, listed))
        try:
            yield made
        finally:
            clock.cancel()


def namespace(name: str, **metadata: str) -> dict[str, Any]:
    """A namespace as Rancher makes it for a cluster or a project."""
    return {"metadata": {"name": name, "annotations": {SYSTEM: "true"}, **metadata}}


@dataclass
class Core:
    """Namespaces and quotas of the server's cluster; each quota counts at once."""

    namespaces: Callable[[], Awaitable[list[dict[str, Any]]]]
    quotas: dict[str, dict[str, Any]] = field(default_factory=dict)

    async def request(
        self, method: str, path: str, body: dict[str, Any] | None, media_type: str
    ) -> dict[str, Any]:
        del media_type
        known = await self.namespaces()
        if path == "/api/v1/namespaces":
            return {"items": known}
        if path == "/api/v1/resourcequotas":
            return {"items": list(self.quotas.values())}
        if method in {"POST", "PUT"} and body:
            place = body["metadata"]
            at = f"/api/v1/namespaces/{place['namespace']}/resourcequotas/{place['name']}"
            exists = place["namespace"] in {item["metadata"]["name"] for item in known}
            if exists and (method == "POST" or at in self.quotas):
                self.quotas[at] = {**body, "status": {"hard": body["spec"]["hard"]}}
                path = at
        if path not in self.quotas:
            raise ApiError(404, f'resourcequotas "{path.rpartition("/")[2]}" not found')
        return self.quotas.pop(path) if method == "DELETE" else self.quotas[path]


async def _pass_time(server: Server, before: float, keep: Callable[[], Awaitable[object]]) -> None:
    while True:
        await asyncio.sleep(0.02)
        now = time.time()
        server.wait(now - before)
        before = now
        await keep()


class Trusting:
    """The test's own client, which looks behind TLS without verifying it."""

    def __init__(self, client: Any) -> None:
        self._client = client

    def request(self, method: str, url: str, **arguments: Any) -> Any:
        return self._client.request(method, url, ssl=False, **arguments)


@contextlib.contextmanager
def edge_cluster() -> Iterator[FakeApi]:
    """An edge cluster that knows the kinds of the agent's manifest."""
    with kubernetes_api.running() as found:
        for base, kinds in _KINDS.items():
            found.objects[base] = {
                "resources": [{"kind": k, "name": n, "namespaced": spaced} for k, n, spaced in kinds]
            }
        yield found


@pytest.fixture(autouse=True)
def _settles_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Clusters of the simulator are set up within a second; it shows their age in whole seconds."""
    monkeypatch.setattr(registration, "_SETTLE_SECONDS", 1.6)
