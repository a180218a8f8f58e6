"""Rancher as a proxy to the API of the cluster it runs on: ``/k8s/clusters/local/...``.

A real one hands every request on, as the user who asks. Here the list of namespaces is all there is, for an
administrator; the refusals are invented.
"""

from __future__ import annotations

from aiohttp import web

from lab.rancher import users
from lab.rancher.answers import answer
from lab.rancher.context import Call, RefusalError

_LOCAL = "/k8s/clusters/local/"
_NAMESPACES = "api/v1/namespaces"


async def local(call: Call) -> web.Response | None:
    """The answer to a request for the cluster's API; None for another request."""
    if not call.request.path.startswith(_LOCAL):
        return None
    listed = call.context.namespaces
    if call.request.path != _LOCAL + _NAMESPACES or call.request.method != "GET" or listed is None:
        raise RefusalError(404, "NotFound", "the server could not find the requested resource")
    if not users.is_administrator(call.context, call.user):
        raise RefusalError(403, "Forbidden", "namespaces is forbidden")
    items = [{"metadata": {"name": name}} for name in await listed()]
    return answer({"kind": "NamespaceList", "apiVersion": "v1", "metadata": {}, "items": items})
