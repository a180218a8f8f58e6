"""HTTP of the simulated Rancher.

Responses are those of a real v2.15.0. Redirects follow rancher/dynamiclistener ``redirect.go``. Invented:
what users without a role may read, and the error for unsupported methods.
"""

from __future__ import annotations

import json

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from lab.rancher import (
    agents,
    auth,
    bindings,
    clusters,
    preferences,
    projects,
    proxy,
    registrations,
    roles,
    server_settings,
    tokens,
    users,
)
from lab.rancher.answers import answer
from lab.rancher.context import CONTEXT, Call, Context, RefusalError
from lab.rancher.resource import Resource

# Paths that are also served over plain HTTP.
_UNPROTECTED = ("/ping", "/health", "/.well-known/")
_PROTECTED = ("/v1/", "/v3/", "/k8s/")
_AUTHENTICATED = web.RequestKey("authenticated", bool)
_GIT_COMMIT = "9994cd931"
_RESOURCES = (
    clusters.RESOURCE,
    preferences.RESOURCE,
    projects.RESOURCE,
    registrations.RESOURCE,
    server_settings.RESOURCE,
    tokens.RESOURCE,
    users.RESOURCE,
    *bindings.RESOURCES,
    *roles.RESOURCES,
)
# Kinds that ordinary users may access; a real server also shows them objects according to their roles.
_OWN = (tokens.RESOURCE, preferences.RESOURCE)


def application(context: Context, *extra: Middleware) -> web.Application:
    """Returns Rancher's HTTP handler; ``extra`` middlewares handle the requests received over TLS."""

    async def rancher_version(_: web.Request) -> web.Response:
        body = {"Version": context.version(), "GitCommit": _GIT_COMMIT, "RancherPrime": "false"}
        # A real server does not set the type; Go detects JSON as plain text.
        return web.Response(text=json.dumps(body), content_type="text/plain")

    missing = _always(404, "404 page not found\n")

    async def local_login(request: web.Request) -> web.StreamResponse:
        return await auth.login(request) if request.query.get("action") == "login" else await missing(request)

    async def login(request: web.Request) -> web.StreamResponse:
        return await (auth.login(request) if context.release.v1_public_login else missing(request))

    app = web.Application(middlewares=[_require_https, *extra, _mark_api, _refuse])
    app[CONTEXT] = context
    app.router.add_get("/ping", _always(200, "pong"))
    app.router.add_get("/healthz", _always(200, "ok"))
    app.router.add_get("/rancherversion", rancher_version)
    app.router.add_get("/", _always(302, location="/dashboard/"))
    app.router.add_get("/v3", _always(307, location="/v3/"))
    app.router.add_post("/v3-public/localProviders/local", local_login)
    app.router.add_post("/v1-public/login", login)
    app.router.add_get("/v3/import/{file}", agents.manifest)
    app.router.add_post("/lab/agent", agents.connect)
    for prefix in _PROTECTED:
        app.router.add_route("*", prefix + "{path:.*}", _protected)
    app.router.add_route("*", "/{path:.*}", missing)
    return app


async def _protected(request: web.Request) -> web.Response:
    """Handles requests that need a login, and the few public settings."""
    call = await auth.authenticate(request)
    if call is None:
        return await server_settings.public(request) or auth.unauthenticated()
    request[_AUTHENTICATED] = True
    try:
        response = await proxy.local(call) or await _answered(call)
    except RefusalError as refusal:
        response = answer(refusal.body, refusal.status)
    if response.content_type == "application/json" and "Set-Cookie" not in response.headers:
        response.headers["X-Api-Schemas"] = _schemas(call)
    return response


async def _answered(call: Call) -> web.Response:
    """Returns the response once what it says is stored."""
    if call.context.store is None:
        return _answer(call)
    async with call.context.store.request(call):
        return _answer(call)


def _answer(call: Call) -> web.Response:
    version, kind, name = (*call.request.path.strip("/").split("/", 2), "", "")[:3]
    if version == "v3" and not kind:
        links = {resource.plural: f"{call.base}/v3/{resource.plural}" for resource in _RESOURCES}
        return answer({"type": "apiRoot", "baseType": "apiRoot", "links": links})
    resource = _resource(kind) if version == "v3" else None
    if resource is None:
        raise RefusalError(404, "NotFound", f"failed to find schema {kind}")
    _authorize(call, resource, name)
    return resource.on_item(call, name) if name else resource.on_collection(call)


def _resource(name: str) -> Resource | None:
    """Returns the kind for its name in a path: singular or plural, in any case."""
    wanted = name.lower()
    for resource in _RESOURCES:
        if wanted in {resource.singular.lower(), resource.plural.lower()}:
            return resource
    return None


def _authorize(call: Call, resource: Resource, name: str) -> None:
    """Checks permissions: measured for creating clusters and projects, else a cautious choice."""
    action, method = call.request.query.get("action"), call.request.method
    own = resource in _OWN or action == "changepassword"
    reading = method == "GET" and resource in (users.RESOURCE, server_settings.RESOURCE)
    if own or reading or users.is_administrator(call.context, call.user):
        return
    creating = method == "POST" and not name and not action
    if creating and resource.may_create(call):
        return
    verb = {"GET": "get" if name else "list", "POST": "create", "PUT": "update"}.get(method, "delete")
    plural = resource.plural.lower()
    message = (
        f'{resource.full_name} is forbidden: User "{call.user["id"]}" cannot {verb} resource "{plural}" in '
        f'API group "management.cattle.io" {resource.scope(call)}'
    )
    raise RefusalError(403, "Forbidden", message)


def _schemas(call: Call) -> str:
    """Returns the URL of the applicable schemas: a cluster's, a project's or the global ones."""
    _, version, kind, *rest = call.request.path.split("/")
    kind = kind.lower().removesuffix("s")
    if kind not in {"cluster", "project"}:
        return f"{call.base}/{version}/schemas"
    return "/".join([call.base, version, kind, *rest, "schemas"])


@web.middleware
async def _refuse(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Converts errors of requests that need no login to responses."""
    try:
        return await handler(request)
    except RefusalError as refusal:
        return answer(refusal.body, refusal.status)


@web.middleware
async def _require_https(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Without TLS, its own or in front (``X-Forwarded-Proto``), redirects to https or rejects the request."""
    scheme = request.headers.get("X-Forwarded-Proto", request.scheme)
    if scheme in {"https", "wss"} or request.path.startswith(_UNPROTECTED):
        return await handler(request)
    if request.method not in {"GET", "HEAD"}:
        return web.Response(status=400, text="Use HTTPS\n")
    location = f"https://{_https_port(request.host)}{request.raw_path}"
    return web.Response(status=302, headers={"Location": location})


@web.middleware
async def _mark_api(request: web.Request, handler: Handler) -> web.StreamResponse:
    response = await handler(request)
    response.headers["X-API-Cattle-Auth"] = "true" if _AUTHENTICATED in request else "false"
    return response


def _https_port(host: str) -> str:
    """Returns the host with Rancher's assumed https port: 8080 becomes 8443."""
    name, colon, port = host.rpartition(":")
    return f"{name}:{int(port) // 1000 * 1000 + 443}" if colon and port.isdigit() else host


def _always(status: int, text: str | None = None, location: str = "") -> Handler:
    """Returns a handler with always the same response."""

    async def handle(_: web.Request) -> web.StreamResponse:
        return web.Response(status=status, text=text, headers={"Location": location} if location else None)

    return handle
