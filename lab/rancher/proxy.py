"""Rancher as a proxy for the API of the cluster it runs on: ``/k8s/clusters/local/...``.

A real server forwards every request as the calling user. This one supports only an administrator's list of
namespaces; the error responses are invented.
"""

from __future__ import annotations

from aiohttp import web

from lab.rancher import users
from lab.rancher.answers import answer
from lab.rancher.context import Call, RefusalError

_LOCAL = "/k8s/clusters/local/"
_NAMESPACES = "api/v1/namespaces"


async def local(call: Call) -> web.Response | None:
    """Returns the response to a request for the cluster's API; None for other requests."""
    if not call.request.path.startswith(_LOCAL):
        return None
    listed = call.context.namespaces
    if call.request.path != _LOCAL + _NAMESPACES or call.request.method != "GET" or listed is None:
        raise RefusalError(404, "NotFound", "the server could not find the requested resource")
    if not users.is_administrator(call.context, call.user):
        raise RefusalError(403, "Forbidden", "namespaces is forbidden")
    items = await listed()
    return answer({"kind": "NamespaceList", "apiVersion": "v1", "metadata": {}, "items": items})
