"""HTTP of the simulated Rancher: what a server answers before anybody has logged in.

Answers are those of a real v2.15.0. Redirects are those of rancher/dynamiclistener ``redirect.go``.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable

from aiohttp import web

# Paths that are answered over plain HTTP too.
_UNPROTECTED = ("/ping", "/health", "/.well-known/")
_GIT_COMMIT = "9994cd931"

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def application(version: Callable[[], str]) -> web.Application:
    """Rancher's HTTP handler; ``version`` is asked for with each request."""

    async def ping(_: web.Request) -> web.Response:
        return web.Response(text="pong")

    async def healthz(_: web.Request) -> web.Response:
        return web.Response(text="ok")

    async def rancher_version(_: web.Request) -> web.Response:
        body = {"Version": version(), "GitCommit": _GIT_COMMIT, "RancherPrime": "false"}
        # A real server does not set the type, and Go's guess for JSON is plain text.
        return web.Response(text=json.dumps(body), content_type="text/plain")

    async def root(_: web.Request) -> web.Response:
        return _redirect(302, "/dashboard/")

    async def v3(_: web.Request) -> web.Response:
        return _redirect(307, "/v3/")

    async def unauthenticated(_: web.Request) -> web.Response:
        body = {"type": "error", "status": "401", "message": "Unauthorized 401: must authenticate"}
        return _json(body, 401)

    async def missing(_: web.Request) -> web.Response:
        return web.Response(status=404, text="404 page not found\n")

    app = web.Application(middlewares=[_require_https, _mark_api])
    app.router.add_get("/ping", ping)
    app.router.add_get("/healthz", healthz)
    app.router.add_get("/rancherversion", rancher_version)
    app.router.add_get("/", root)
    app.router.add_get("/v3", v3)
    for prefix in ("/v1", "/v3", "/k8s"):
        app.router.add_route("*", prefix + "/{path:.*}", unauthenticated)
    app.router.add_route("*", "/{path:.*}", missing)
    return app


@web.middleware
async def _require_https(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Without TLS in front (``X-Forwarded-Proto``) a client is sent to https, or refused."""
    scheme = request.headers.get("X-Forwarded-Proto")
    if scheme in {"https", "wss"} or request.path.startswith(_UNPROTECTED):
        return await handler(request)
    if request.method not in {"GET", "HEAD"}:
        return web.Response(status=400, text="Use HTTPS\n")
    return _redirect(302, f"https://{_https_port(request.host)}{request.raw_path}")


@web.middleware
async def _mark_api(request: web.Request, handler: Handler) -> web.StreamResponse:
    response = await handler(request)
    response.headers["X-API-Cattle-Auth"] = "false"
    return response


def _https_port(host: str) -> str:
    """The host with the port that Rancher takes for its https port: 8080 becomes 8443."""
    name, colon, port = host.rpartition(":")
    return f"{name}:{int(port) // 1000 * 1000 + 443}" if colon and port.isdigit() else host


def _redirect(status: int, location: str) -> web.Response:
    return web.Response(status=status, headers={"Location": location})


def _json(body: dict[str, str], status: int) -> web.Response:
    """JSON without a charset in its type, as Rancher sends it."""
    return web.Response(body=json.dumps(body).encode(), status=status, content_type="application/json")
