"""The simulators' Kubernetes client: watches that lose nothing, errors that say what was refused."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import ssl
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from aiohttp import web

from lab import pki
from lab.cluster.api import ApiError, KubernetesApi
from lab.layout import Lab


class FakeServer:
    """Namespaces of an API server whose watches a test can feed, cut and expire."""

    def __init__(self) -> None:
        self.items: dict[str, int] = {}
        self.version = 10
        self.watches: list[web.StreamResponse] = []
        self.connections: list[asyncio.Transport] = []
        self.expired = False
        self.lists = 0

    def put(self, name: str) -> None:
        """Add or change a namespace, unseen by the watches."""
        self.version += 1
        self.items[name] = self.version

    async def tell(self, kind: str, name: str) -> None:
        """Send an event about a namespace to all watches."""
        event = {"type": kind, "object": self._item(name, self.version)}
        for watch in self.watches:
            await watch.write(json.dumps(event).encode() + b"\n")

    def cut(self) -> None:
        """Break all watches in the middle of their answers."""
        for connection in self.connections:
            connection.abort()
        self.watches.clear()

    async def handle(self, request: web.Request) -> web.StreamResponse:
        if request.headers.get("Authorization") != "Bearer token":
            return web.json_response({"message": "Unauthorized"}, status=401)
        if request.method != "GET":
            return web.json_response({"message": f"{request.method} refused"}, status=409)
        if "watch" not in request.query:
            self.lists += 1
            items = [self._item(name, version) for name, version in self.items.items()]
            return web.json_response({"metadata": {"resourceVersion": str(self.version)}, "items": items})
        response = web.StreamResponse(headers={"Content-Type": "application/json"})
        await response.prepare(request)
        if self.expired:
            self.expired = False
            gone = {"code": 410, "reason": "Expired", "metadata": {}}
            await response.write(json.dumps({"type": "ERROR", "object": gone}).encode() + b"\n")
            return response
        self.watches.append(response)
        assert request.transport is not None
        self.connections.append(request.transport)
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.sleep(60)
        return response

    @staticmethod
    def _item(name: str, version: int) -> dict[str, Any]:
        return {"metadata": {"name": name, "resourceVersion": str(version)}}


@pytest.fixture
async def server(tmp_path: Path, unused_tcp_port: int) -> AsyncIterator[tuple[FakeServer, Path]]:
    lab = Lab(tmp_path)
    pki.ensure_ca(lab)
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(*pki.server_certificate(lab, "api", ips=["127.0.0.1"]))
    fake = FakeServer()
    app = web.Application()
    app.router.add_route("*", "/api/v1/namespaces{tail:.*}", fake.handle)
    runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", unused_tcp_port, ssl_context=tls).start()
    ca = base64.b64encode(lab.ca_certificate.read_bytes()).decode()
    url = f"https://127.0.0.1:{unused_tcp_port}"
    document = {
        "clusters": [{"cluster": {"server": url, "certificate-authority-data": ca}}],
        "users": [{"user": {"token": "token"}}],
    }
    kubeconfig = tmp_path / "kubeconfig"
    kubeconfig.write_text(yaml.safe_dump(document))
    yield fake, kubeconfig
    await runner.cleanup()


class Follower:
    """A followed collection and the keys that were reported."""

    def __init__(self) -> None:
        self.store: dict[str, Any] = {}
        self.changed: list[str] = []
        self.listed = 0

    def count(self) -> None:
        self.listed += 1


@contextlib.asynccontextmanager
async def following(kubeconfig: Path) -> AsyncIterator[Follower]:
    follower = Follower()
    async with KubernetesApi(kubeconfig) as api:
        path = "/api/v1/namespaces"
        work = api.follow(path, follower.store, follower.changed.append, follower.count)
        task = asyncio.create_task(work)
        try:
            yield follower
        finally:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task


async def test_events_change_the_store(server: tuple[FakeServer, Path]) -> None:
    fake, kubeconfig = server
    fake.put("one")
    async with following(kubeconfig) as follower:
        await _until(lambda: bool(fake.watches))
        assert follower.changed == ["one"]
        fake.put("two")
        await fake.tell("ADDED", "two")
        await fake.tell("DELETED", "one")
        await _until(lambda: list(follower.store) == ["two"])
        assert follower.changed == ["one", "two", "one"]


async def test_what_happened_during_a_lost_connection_is_reported(server: tuple[FakeServer, Path]) -> None:
    fake, kubeconfig = server
    for name in ("gone", "changed", "same"):
        fake.put(name)
    async with following(kubeconfig) as follower:
        await _until(lambda: bool(fake.watches))
        follower.changed.clear()
        del fake.items["gone"]
        fake.put("changed")
        fake.put("new")
        fake.cut()
        await _until(lambda: follower.listed == 2)
        assert sorted(follower.changed) == ["changed", "gone", "new"]
        assert sorted(follower.store) == ["changed", "new", "same"]


async def test_an_expired_version_lists_again(server: tuple[FakeServer, Path]) -> None:
    fake, kubeconfig = server
    fake.expired = True
    async with following(kubeconfig) as follower:
        await _until(lambda: bool(fake.watches))
        assert follower.listed == fake.lists == 2


async def test_refusals_tell_the_message_and_tolerated_ones_are_false(
    server: tuple[FakeServer, Path],
) -> None:
    _, kubeconfig = server
    async with KubernetesApi(kubeconfig) as api:
        with pytest.raises(ApiError, match="409: PUT refused") as caught:
            await api.request("PUT", "/api/v1/namespaces/one", {})
        assert caught.value.status == 409
        assert not await api.create("/api/v1/namespaces", {})
        assert not await api.patch("/api/v1/namespaces/one", {})
        assert not await api.delete("/api/v1/namespaces/one")


async def _until(done: Any) -> None:
    async with asyncio.timeout(60):
        while not done():
            await asyncio.sleep(0.01)
