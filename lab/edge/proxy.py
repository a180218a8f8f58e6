"""Responds to requests as nginx does: redirect, 404, 503, 502, 504, or the backend's response."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

import aiohttp
from aiohttp import web
from multidict import CIMultiDict
from yarl import URL

from lab.edge.balancer import Upstream
from lab.edge.routing import Listener, Site

# Hop-by-hop headers (RFC 9110, section 7.6.1).
_HOP_BY_HOP = {
    "connection",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
}
# One simulator serves all pods of a backend; it may open its port a moment after they become ready.
_CONNECT_TRIES = 15
_CONNECT_PAUSE_SECONDS = 0.1
_CHUNK = 2**16
_SERVER = {"Server": "nginx"}
_HSTS = "max-age=31536000; includeSubDomains"


@dataclass(frozen=True)
class Backend:
    """Target of a Service's requests; ``url`` is None if no simulator serves its pods."""

    nodes: Sequence[str]
    """Node of each ready pod."""
    url: str | None


@dataclass(frozen=True)
class Proxy:
    """One ingress controller; it looks up its routes for each request."""

    session: aiohttp.ClientSession
    site: Callable[[str], Site | None]
    backend: Callable[[str], Backend]
    upstream: Upstream

    async def handle(self, request: web.BaseRequest, listener: Listener) -> web.StreamResponse:
        """Responds to one request received on ``listener``."""
        host = request.host.rpartition(":")[0] if ":" in request.host else request.host
        site = self.site(host.lower())
        if site is not None and site.tls and site.ssl_redirect and not listener.tls:
            # The default of ingress-nginx: redirect to port 443 (use-port-in-redirects is off).
            target = f"https://{host}{request.raw_path}"
            return web.Response(status=308, headers={**_SERVER, "Location": target})
        service = site.service(request.rel_url.path) if site is not None else None
        if site is None or service is None:
            return _page(404, "Not Found")
        extra = {"Strict-Transport-Security": _HSTS} if listener.tls and site.tls else {}
        backend = self.backend(service)
        if not backend.nodes:
            return _page(503, "Service Temporarily Unavailable", extra)
        if backend.url is None:
            return _page(502, "Bad Gateway", extra)
        if not await self.upstream.reach(backend.nodes):
            return _page(504, "Gateway Time-out", extra)
        passed = (
            self._websocket if request.headers.get("Upgrade", "").lower() == "websocket" else self._forward
        )
        return await passed(request, backend.url, forwarded(request, listener), extra)

    async def _forward(
        self, request: web.BaseRequest, base: str, headers: Mapping[str, str], extra: Mapping[str, str]
    ) -> web.StreamResponse:
        try:
            upstream = await self._ask(request, base, headers)
        except aiohttp.ClientError:
            return _page(502, "Bad Gateway", extra)
        async with upstream:
            kept = CIMultiDict((k, v) for k, v in upstream.headers.items() if k.lower() not in _HOP_BY_HOP)
            kept.update({**_SERVER, **extra})
            response = web.StreamResponse(status=upstream.status, reason=upstream.reason, headers=kept)
            await response.prepare(request)
            async for chunk in upstream.content.iter_chunked(_CHUNK):
                await response.write(chunk)
            await response.write_eof()
        return response

    async def _ask(
        self, request: web.BaseRequest, base: str, headers: Mapping[str, str]
    ) -> aiohttp.ClientResponse:
        """Sends the request; retries only a refused connection, since nothing was sent then."""
        for _ in range(_CONNECT_TRIES):
            try:
                return await self.session.request(
                    request.method,
                    URL(base + request.raw_path, encoded=True),
                    headers=headers,
                    data=request.content if request.body_exists else None,
                    allow_redirects=False,
                )
            except aiohttp.ClientConnectorError as error:
                refused = error
                await asyncio.sleep(_CONNECT_PAUSE_SECONDS)
        raise refused

    async def _websocket(
        self, request: web.BaseRequest, base: str, headers: Mapping[str, str], extra: Mapping[str, str]
    ) -> web.StreamResponse:
        protocols = [
            p.strip() for p in request.headers.get("Sec-WebSocket-Protocol", "").split(",") if p.strip()
        ]
        passed = {k: v for k, v in headers.items() if not k.lower().startswith("sec-websocket-")}
        url = URL(base + request.raw_path, encoded=True)
        try:
            upstream = await self.session.ws_connect(url, headers=passed, protocols=protocols, max_msg_size=0)
        except aiohttp.WSServerHandshakeError as error:
            return _page(error.status, error.message, extra)
        except aiohttp.ClientError:
            return _page(502, "Bad Gateway", extra)
        async with upstream:
            agreed = [upstream.protocol] if upstream.protocol else []
            client = web.WebSocketResponse(protocols=agreed, max_msg_size=0)
            await client.prepare(request)
            pumps = [
                asyncio.create_task(_pump(client, upstream)),
                asyncio.create_task(_pump(upstream, client)),
            ]
            await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
            for pump in pumps:
                pump.cancel()
            await client.close()
        return client


def forwarded(request: web.BaseRequest, listener: Listener) -> CIMultiDict[str]:
    """Returns the request's headers as ingress-nginx forwards them.

    Rancher needs ``Host`` and ``X-Forwarded-Proto``, ``-Port`` and ``-For``. Such headers of the client are
    ignored (``use-forwarded-headers`` is off).
    """
    scheme = "https" if listener.tls else "http"
    headers = CIMultiDict((k, v) for k, v in request.headers.items() if k.lower() not in _HOP_BY_HOP)
    headers["Host"] = request.host
    client = request.remote or ""
    headers.update(
        {
            "X-Request-ID": request.headers.get("X-Request-ID") or secrets.token_hex(16),
            "X-Real-IP": client,
            "X-Forwarded-For": client,
            "X-Forwarded-Host": request.host,
            "X-Forwarded-Port": str(listener.container_port),
            "X-Forwarded-Proto": scheme,
            "X-Forwarded-Scheme": scheme,
            "X-Scheme": scheme,
        }
    )
    return headers


async def _pump(
    source: web.WebSocketResponse | aiohttp.ClientWebSocketResponse,
    target: web.WebSocketResponse | aiohttp.ClientWebSocketResponse,
) -> None:
    with suppress(ConnectionError):
        async for message in source:
            if message.type is aiohttp.WSMsgType.TEXT:
                await target.send_str(message.data)
            elif message.type is aiohttp.WSMsgType.BINARY:
                await target.send_bytes(message.data)


def _page(status: int, reason: str, headers: Mapping[str, str] | None = None) -> web.Response:
    """Returns nginx's own page for a status."""
    text = (
        f"<html>\r\n<head><title>{status} {reason}</title></head>\r\n<body>\r\n"
        f"<center><h1>{status} {reason}</h1></center>\r\n<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n"
    )
    return web.Response(
        status=status,
        reason=reason,
        text=text,
        content_type="text/html",
        headers={**_SERVER, **(headers or {})},
    )
