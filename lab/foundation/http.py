"""Common part of the lab's HTTP servers."""

from __future__ import annotations

import asyncio

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from lab.faults import RequestFaults
from lab.layout import Lab


def faulty(lab: Lab, part: str) -> Middleware:
    """Returns a middleware that injects the faults of ``part`` (``lab.faults``)."""
    faults = RequestFaults(lab, part)

    @web.middleware
    async def inject(request: web.Request, handler: Handler) -> web.StreamResponse:
        found = faults.take(request.method, request.path)
        await asyncio.sleep(float(found.get("delay_seconds", 0)))
        if "status" not in found or found.get("after"):
            answer = await handler(request)
        if "status" not in found:
            return answer
        return web.json_response({"body": "injected fault"}, status=int(found["status"]))

    return inject
