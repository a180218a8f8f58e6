"""BOSH Director: deployments and their VMs, as far as ``bosh`` asks for them.

As in the product, ``vms`` is a task whose result is read afterwards, one JSON object a line. Tasks are
numbered anew when the foundation is restarted. The text of the 404 is invented.
"""

from __future__ import annotations

import json

from aiohttp import encode_basic_auth, web

from lab.foundation.http import Handler, faulty
from lab.foundation.inventory import Object
from lab.foundation.state import Cluster, Machine, State

_VM_TYPE = "medium.disk"
_FIRST_TASK = 1000


class BoshApi:
    """``/info``, ``/deployments``, their ``/vms`` and ``/tasks``, with a client's basic authentication."""

    def __init__(self, state: State) -> None:
        self._state = state
        credentials = json.loads(state.lab.credentials.read_text())["bosh"]
        self._auth = encode_basic_auth(credentials["client"], credentials["client_secret"])
        self._tasks: list[str] = []
        """Results of the tasks so far."""

    def application(self) -> web.Application:
        """The application of the Director's port."""
        guards = [faulty(self._state.lab, "bosh"), self._guard]
        app = web.Application(middlewares=guards)
        app.add_routes(
            [
                web.get("/info", self._info),
                web.get("/deployments", self._deployments),
                web.get("/deployments/{name}/vms", self._vms),
                web.get("/tasks/{id}", self._task),
                web.get("/tasks/{id}/output", self._output),
            ]
        )
        return app

    @web.middleware
    async def _guard(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.path != "/info" and request.headers.get("Authorization") != self._auth:
            return web.Response(status=401, text=f"Not authorized: '{request.path}'\n")
        return await handler(request)

    async def _info(self, _: web.Request) -> web.Response:
        return web.json_response({"name": "lab", "user_authentication": {"type": "basic", "options": {}}})

    async def _deployments(self, _: web.Request) -> web.Response:
        names = sorted(item.deployment for item in self._state.clusters.values())
        return web.json_response([{"name": name, "releases": [], "stemcells": []} for name in names])

    async def _vms(self, request: web.Request) -> web.Response:
        wanted = request.match_info["name"]
        item = next((item for item in self._state.clusters.values() if item.deployment == wanted), None)
        if item is None:
            body = {"code": 70000, "description": f"Deployment '{wanted}' doesn't exist"}
            return web.json_response(body, status=404)
        self._tasks.append("".join(json.dumps(_row(item, machine)) + "\n" for machine in item.machines))
        number = _FIRST_TASK + len(self._tasks) - 1
        return web.Response(status=302, headers={"Location": f"/tasks/{number}"})

    async def _task(self, request: web.Request) -> web.Response:
        return web.json_response({"id": int(request.match_info["id"]), "state": "done", "result": ""})

    async def _output(self, request: web.Request) -> web.Response:
        index = int(request.match_info["id"]) - _FIRST_TASK
        if not 0 <= index < len(self._tasks):
            return web.json_response({"code": 10000, "description": "Task doesn't exist"}, status=404)
        return web.Response(text=self._tasks[index])


def _row(item: Cluster, machine: Machine) -> Object:
    state = "running" if item.serving else "starting"
    return {
        "job_name": machine.job,
        "id": machine.id,
        "process_state": state,
        "job_state": state,
        "az": machine.az,
        "ips": [machine.ip],
        "vm_cid": machine.cid,
        "vm_type": _VM_TYPE,
        "active": True,
    }
