"""A Kubernetes API in memory: lists, watches, creates, merge patches. Enough for the lab's own daemons."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import copy
import json
import uuid
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import yaml
from aiohttp import web

from lab import pki
from lab.layout import Lab

Object = dict[str, Any]


class FakeKubernetes:
    """Objects by resource (plural) and ``namespace/name``; every change reaches the watches."""

    def __init__(self) -> None:
        self.objects: dict[str, dict[str, Object]] = {}
        self.callers: list[str] = []
        """In whose name each object was created; empty: the kubeconfig's user."""
        self.refuse: Callable[[str, Object], str] = lambda _resource, _item: ""
        """Why an admission policy denies an object; empty: it does not."""
        self._version = 1
        self._history: list[tuple[int, str, Object]] = []
        self._watches: list[tuple[str, str, web.Request, web.StreamResponse]] = []

    async def put(self, resource: str, item: Object) -> None:
        """Create or replace an object, whatever it holds."""
        self._version += 1
        metadata = item.setdefault("metadata", {})
        metadata.setdefault("uid", str(uuid.uuid4()))
        metadata.setdefault(
            "creationTimestamp", f"2024-01-01T00:{self._version // 60:02}:{self._version % 60:02}Z"
        )
        metadata["resourceVersion"] = str(self._version)
        known = self.objects.setdefault(resource, {})
        kind = "MODIFIED" if _key(item) in known else "ADDED"
        known[_key(item)] = item
        await self._tell(resource, kind, item)

    async def remove(self, resource: str, key: str) -> None:
        """Delete an object."""
        item = self.objects[resource].pop(key)
        self._version += 1
        item["metadata"]["resourceVersion"] = str(self._version)
        await self._tell(resource, "DELETED", item)

    def cut(self) -> None:
        """Break every watch, as a restart of the API server does."""
        for _, _, request, _ in self._watches:
            if isinstance(request.transport, asyncio.Transport):
                request.transport.abort()
        self._watches.clear()

    async def _tell(self, resource: str, kind: str, item: Object) -> None:
        event = {"type": kind, "object": copy.deepcopy(item)}
        self._history.append((self._version, resource, event))
        for wanted, namespace, _, watch in list(self._watches):
            if wanted == resource:
                await _send(watch, namespace, event)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """One request of a client."""
        parts = request.path.strip("/").split("/")
        parts = parts[2:] if parts[0] == "api" else parts[3:]
        namespace = ""
        if parts[0] == "namespaces" and len(parts) > 2:
            namespace, parts = parts[1], parts[2:]
        resource, name = parts[0], parts[1] if len(parts) > 1 else ""
        if request.method == "POST":
            self.callers.append(request.headers.get("Impersonate-User", ""))
            item = await request.json()
            if namespace:
                item["metadata"]["namespace"] = namespace
            if refusal := self.refuse(resource, item):
                return web.json_response({"message": refusal}, status=403)
            return await self._create(resource, item)
        key = f"{namespace}/{name}" if namespace else name
        if request.method == "PATCH":
            return await self._patch(resource, key, await request.json())
        if request.method == "DELETE":
            return await self._delete(resource, key)
        if "watch" in request.query:
            return await self._watch(request, resource, namespace)
        return self._read(resource, namespace, key if name else "")

    def _read(self, resource: str, namespace: str, key: str) -> web.Response:
        known = self.objects.get(resource, {})
        if key:
            found = known.get(key)
            return web.json_response(found or {"message": "not found"}, status=200 if found else 404)
        items = [item for item in known.values() if namespace in {"", item["metadata"].get("namespace")}]
        return web.json_response({"metadata": {"resourceVersion": str(self._version)}, "items": items})

    async def _create(self, resource: str, item: Object) -> web.Response:
        if _key(item) in self.objects.get(resource, {}):
            return web.json_response({"message": "already exists"}, status=409)
        await self.put(resource, item)
        return web.json_response(item, status=201)

    async def _delete(self, resource: str, key: str) -> web.Response:
        if key not in self.objects.get(resource, {}):
            return web.json_response({"message": "not found"}, status=404)
        await self.remove(resource, key)
        return web.json_response({})

    async def _patch(self, resource: str, key: str, patch: Object) -> web.Response:
        if key not in self.objects.get(resource, {}):
            return web.json_response({"message": "not found"}, status=404)
        item = _merge(self.objects[resource][key], patch)
        await self.put(resource, item)
        return web.json_response(item)

    async def _watch(self, request: web.Request, resource: str, namespace: str) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "application/json"})
        await response.prepare(request)
        for version, wanted, event in self._history:
            if wanted == resource and version > int(request.query["resourceVersion"]):
                await _send(response, namespace, event)
        self._watches.append((resource, namespace, request, response))
        await asyncio.Event().wait()
        return response


@contextlib.asynccontextmanager
async def serving(lab: Lab) -> AsyncIterator[tuple[FakeKubernetes, Path]]:
    """A fake cluster and the kubeconfig that leads to it."""
    pki.ensure_ca(lab)
    fake = FakeKubernetes()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", fake.handle)
    runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = runner.addresses[0][1]
    ca = base64.b64encode(lab.ca_certificate.read_bytes()).decode()
    document = {
        "clusters": [{"cluster": {"server": f"http://127.0.0.1:{port}", "certificate-authority-data": ca}}],
        "users": [{"user": {"token": "token"}}],
    }
    kubeconfig = lab.path("admin.kubeconfig")
    kubeconfig.write_text(yaml.safe_dump(document))
    try:
        yield fake, kubeconfig
    finally:
        await runner.cleanup()


async def _send(watch: web.StreamResponse, namespace: str, event: Object) -> None:
    if namespace in {"", event["object"]["metadata"].get("namespace")}:
        with contextlib.suppress(ConnectionError):
            await watch.write(json.dumps(event).encode() + b"\n")


def _key(item: Object) -> str:
    metadata = item["metadata"]
    return f"{metadata['namespace']}/{metadata['name']}" if "namespace" in metadata else str(metadata["name"])


def _merge(target: Object, patch: Object) -> Object:
    """RFC 7396."""
    result = dict(target)
    for name, value in patch.items():
        if value is None:
            result.pop(name, None)
        elif isinstance(value, dict) and isinstance(result.get(name), dict):
            result[name] = _merge(result[name], value)
        else:
            result[name] = value
    return result
