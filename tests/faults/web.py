"""The systems that are reached over HTTPS: Rancher, the cluster's API, NSX-T, the chart repository.

The program's own HTTP client is used. Rancher is the lab's simulator; it lives and dies with the cluster.
"""

from __future__ import annotations

import asyncio
import base64
import re
import time
from collections.abc import Callable
from typing import Any
from unittest import mock

import httpx
import yaml
from aiohttp import StreamReader, web
from aiohttp.base_protocol import BaseProtocol
from aiohttp.http_parser import RawRequestMessage
from aiohttp.http_writer import HttpVersion11
from multidict import CIMultiDict, CIMultiDictProxy
from yarl import URL

from lab.rancher.context import Context
from lab.rancher.first_start import begin
from lab.rancher.server import application
from lab.rancher.state import State
from tests.faults.gate import Gate
from tests.kubernetes_api import NAMESPACE, RELEASE_MARKS, FakeApi
from tests.servers import Request

RANCHER = "rancher.test"
NSX, CHARTS = "nsx.test", "charts.test"
FIRST_PASSWORD = "the-first-password"
VIP = "10.50.0.79"
COMMANDS = (
    *("rancher POST login", "rancher GET users", "rancher POST users", "rancher GET settings"),
    *("rancher PUT settings", "rancher POST tokens", "rancher GET tokens", "rancher DELETE tokens"),
    *("rancher GET clusters", "kubernetes GET deployments", "kubernetes GET daemonsets"),
    *("kubernetes GET services", "kubernetes GET secrets", "kubernetes DELETE deployments"),
    *("nsx GET ip-blocks", "nsx GET ip-subnets", "nsx GET logical-routers", "nsx GET logical-switches"),
    *("charts GET index.yaml", "charts GET rancher-2.8.5.tgz"),
)
"""A logout is not among them: a 401 to it says that the session has ended, so it is no fault."""
_LOOP = asyncio.new_event_loop()
_PROTOCOL = BaseProtocol(_LOOP)
_INDEX = {
    "rancher": [{"name": "rancher", "version": "2.8.5", "apiVersion": "v2", "urls": ["rancher-2.8.5.tgz"]}]
}


class Web:
    """The servers; ``exists`` says whether there is a cluster."""

    def __init__(self, gate: Gate, exists: Callable[[], bool], now: Callable[[], float]) -> None:
        """Make them; Rancher's clock is ``now``."""
        self._gate, self._exists, self._now = gate, exists, now
        self.renew()

    def renew(self) -> None:
        """A new cluster, with a Rancher that was never started."""
        self.rancher = Context(State(), lambda: "v2.8.5", seed="s", clock=lambda: time.time() + self._now())
        begin(self.rancher, FIRST_PASSWORD)
        self._app = application(self.rancher)
        self._app.freeze()
        self.api = FakeApi()
        ready = {"replicas": 3, "updatedReplicas": 3, "availableReplicas": 3, "observedGeneration": 1}
        marks = {"annotations": RELEASE_MARKS}
        self.api.add("apis/apps/v1/deployments", "nginx", metadata=marks, spec={"replicas": 3}, status=ready)
        self.api.add("apis/apps/v1/deployments", "left-over")
        self.api.add(
            "api/v1/services",
            "nginx",
            metadata=marks,
            spec={"type": "LoadBalancer"},
            status={"loadBalancer": {"ingress": [{"ip": VIP}, {"ip": "100.64.0.7"}]}},
        )
        password = base64.b64encode(FIRST_PASSWORD.encode()).decode()
        self.api.add("api/v1/secrets", "bootstrap-secret", data={"bootstrapPassword": password})

    def handle(self, request: httpx.Request) -> httpx.Response:
        """One request."""
        name = {RANCHER: "rancher", NSX: "nsx", CHARTS: "charts"}.get(request.headers["Host"], "kubernetes")
        serve = {"rancher": self._rancher, "nsx": _nsx, "charts": _charts}.get(name, self._kubernetes)
        segments = request.url.path.strip("/").split("/")
        action = request.url.params.get("action")
        what = action if action in {"login", "logout"} else _resource(name, segments)

        def effect() -> httpx.Response:
            if name in {"rancher", "kubernetes"} and not self._exists():
                raise httpx.ConnectError("connection refused", request=request)
            return serve(request)

        def faulty(kind: str) -> httpx.Response:
            if kind.startswith("hangs"):
                raise httpx.ReadTimeout("timed out", request=request)
            if kind == "lost":
                raise httpx.ReadError("connection reset", request=request)
            status = {"refused": 503, "expired": 401, "garbage": 200}[kind]
            return httpx.Response(status, text="<html>")

        return self._gate.call(f"{name} {request.method} {what}", effect, faulty)

    def _rancher(self, request: httpx.Request) -> httpx.Response:
        async def answered() -> httpx.Response:
            payload = StreamReader(_PROTOCOL, 2**16, loop=_LOOP)
            payload.feed_data(request.content)
            payload.feed_eof()
            headers = CIMultiDict({**request.headers, "Host": RANCHER, "X-Forwarded-Proto": "https"})
            path = request.url.raw_path.decode()
            answer = await self._app._handle(_request(request.method, path, headers, payload))
            assert isinstance(answer, web.Response)
            return httpx.Response(
                answer.status, content=answer.body if isinstance(answer.body, bytes) else b""
            )

        return _LOOP.run_until_complete(answered())

    def _kubernetes(self, request: httpx.Request) -> httpx.Response:
        path = request.url.raw_path.decode()
        answer = self.api.answer(Request(request.method, path, dict(request.headers), request.content))
        return httpx.Response(answer.status, json=answer.body)

    def tokens(self, description: str) -> list[Any]:
        """Tokens and sessions of the stack in Rancher."""
        found = self.rancher.state.tokens.values()
        return [item for item in found if item.get("description") == description]


def _request(method: str, path: str, headers: CIMultiDict[str], payload: StreamReader) -> web.Request:
    """What aiohttp makes of a request on a connection; ``make_mocked_request`` is much slower."""
    raw = tuple((name.encode(), value.encode()) for name, value in headers.items())
    shown = CIMultiDictProxy(headers)
    message = RawRequestMessage(method, path, HttpVersion11, shown, raw, False, None, False, False, URL(path))
    return web.Request(message, payload, _CONNECTION, _CONNECTION, _CONNECTION, _LOOP, client_max_size=2**20)


_CONNECTION: Any = mock.Mock()


def _resource(name: str, segments: list[str]) -> str:
    if name == "rancher":
        return segments[1] if len(segments) > 1 else ""
    if name == "kubernetes":
        return segments[segments.index(NAMESPACE) + 1] if NAMESPACE in segments[:-1] else segments[-1]
    return segments[-1]


def _nsx(request: httpx.Request) -> httpx.Response:
    if request.url.path.startswith("/policy"):
        return httpx.Response(404, json={})
    blocks = [{"id": "b", "cidr": "172.16.0.0/16"}] if request.url.path.endswith("ip-blocks") else []
    return httpx.Response(200, json={"results": blocks, "result_count": len(blocks)})


def _charts(request: httpx.Request) -> httpx.Response:
    if request.url.path.endswith("index.yaml"):
        return httpx.Response(200, text=yaml.safe_dump({"apiVersion": "v1", "entries": _INDEX}))
    return httpx.Response(200 if re.search(r"rancher-2\.8\.5\.tgz$", request.url.path) else 404, text="x")
