"""A simulated Rancher behind verified TLS, and the inputs with which the providers find it."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import time
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from typing import Any, TypeVar

import pytest

from components.kubernetes import api as kube
from components.rancher.admin import AdminProvider
from tests import pki
from tests.lab.rancher_server import FIRST, HOST, Server, serving
from tests.servers import server_context

PASSWORD = "correct horse battery"
DESCRIPTION = "rancher-on-pks rancher/test"
T = TypeVar("T")


@dataclass
class World:
    """One Rancher, and the inputs of its Admin."""

    server: Server
    inputs: dict[str, Any]

    async def run(self, function: Callable[..., T], *arguments: Any) -> T:
        """The providers block, the simulator shares this thread's loop."""
        return await asyncio.to_thread(function, *arguments)

    async def create(self, **changes: Any) -> dict[str, Any]:
        made = await self.run(AdminProvider().create, {**self.inputs, **changes})
        assert made.outs
        return dict(made.outs)

    async def update(self, olds: dict[str, Any], **changes: Any) -> dict[str, Any]:
        done = await self.run(AdminProvider().update, "admin", olds, {**self.inputs, **changes})
        assert done.outs
        return dict(done.outs)

    async def refresh(self, olds: dict[str, Any]) -> dict[str, Any]:
        found = await self.run(AdminProvider().read, "admin", olds)
        return dict(found.outs or {})

    def changes(self, olds: dict[str, Any], **changes: Any) -> bool:
        return bool(AdminProvider().diff("admin", olds, {**self.inputs, **changes}).changes)

    async def pass_time(self) -> None:
        """Keeps the simulator's clock running."""
        while True:
            self.server.wait(0.1)
            await asyncio.sleep(0.1)

    async def setting(self, name: str, token: str) -> Any:
        answer = await self.server.ask("GET", f"/v3/settings/{name}", token=token)
        return answer.body["value"] if answer.status == 200 else answer.status

    async def works(self, token: str) -> bool:
        """Whether Rancher accepts a token."""
        return (await self.server.ask("GET", "/v3/users?me=true", token=token)).status == 200

    async def listed(self, token: str) -> set[str]:
        """Descriptions of all tokens and sessions of the token's user, but for the token's own."""
        data = (await self.server.ask("GET", "/v3/tokens", token=token)).body["data"]
        return {item["description"] for item in data if not token.startswith(f"{item['id']}:")}


@contextlib.asynccontextmanager
async def world(version: str, monkeypatch: pytest.MonkeyPatch, **changes: Any) -> AsyncIterator[World]:
    """A Rancher at its first start; ``changes`` are to the inputs."""
    root = pki.root()
    tls = server_context(pki.server(root))
    first = "admin" if version == "2.2.8" else FIRST

    @contextlib.contextmanager
    def client(kubeconfig: str) -> Iterator[Any]:
        assert kubeconfig == "the kubeconfig"
        data = {"bootstrapPassword": base64.b64encode(first.encode()).decode()}
        yield type("Kubernetes", (), {"get": lambda _, path: {"data": data}})()

    monkeypatch.setattr(kube, "client", client)
    async with serving(f"v{version}", password=first, tls=tls, now=time.time()) as server:
        endpoint = {
            "address": "127.0.0.1",
            "port": int(server.url.rsplit(":", 1)[1]),
            "hostname": HOST,
            "ca_bundle": changes.pop("ca_bundle", root.pem),
        }
        inputs = {
            "endpoint": endpoint,
            "version": version,
            "kubeconfig": "the kubeconfig",
            "password": PASSWORD,
            "server_url": f"https://{HOST}",
            "telemetry": "out",
            "token_days": 90,
            "renew_days": 30,
            "description": DESCRIPTION,
            **changes,
        }
        yield World(server, inputs)
