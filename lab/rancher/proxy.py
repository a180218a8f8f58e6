"""Rancher as a proxy for the API of the cluster it runs on: ``/k8s/clusters/local/...``.

A real server forwards every request as the calling user. This one serves administrators alone, and forwards
in its own name; the error of others is invented.
"""

from __future__ import annotations

from aiohttp import web

from lab.cluster.api import ApiError
from lab.rancher import users
from lab.rancher.answers import answer
from lab.rancher.context import Call, RefusalError

_LOCAL = "/k8s/clusters/local/"


async def local(call: Call) -> web.Response | None:
    """Returns the response to a request for the cluster's API; None for other requests."""
    request = call.request
    if not request.path.startswith(_LOCAL):
        return None
    forward = call.context.forward
    if forward is None:
        raise RefusalError(404, "NotFound", "the server could not find the requested resource")
    if not users.is_administrator(call.context, call.user):
        raise RefusalError(403, "Forbidden", "namespaces is forbidden")
    path = "/" + request.path_qs.removeprefix(_LOCAL)
    body = call.body if request.method in {"POST", "PUT", "PATCH"} else None
    try:
        found = await forward(request.method, path, body, request.content_type)
    except ApiError as error:
        status = {"kind": "Status", "apiVersion": "v1", "status": "Failure", "code": error.status}
        return answer({**status, "message": error.message}, error.status)
    return answer(found, 201 if request.method == "POST" else 200)
