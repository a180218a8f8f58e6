"""BOSH Director: deployments, their VMs and ``recreate``, as far as the ``bosh`` command needs them.

As in the product, ``vms`` is a task whose result is read afterwards, one JSON object per line. Task numbers
restart with the foundation. The texts of the 404s are invented.
"""

from __future__ import annotations

import json

from aiohttp import encode_basic_auth, web

from lab.foundation.clusters import Clusters
from lab.foundation.errors import ApiError
from lab.foundation.http import Handler, faulty
from lab.foundation.inventory import Object
from lab.foundation.outages import Outages
from lab.foundation.state import Cluster, Machine, State

_VM_TYPE = "medium.disk"
_FIRST_TASK = 1000


class BoshApi:
    """``/info``, ``/deployments`` with ``/vms`` and ``/jobs``, ``/tasks``; needs client and secret."""

    def __init__(self, state: State, clusters: Clusters, outages: Outages) -> None:
        self._state = state
        self._outages = outages
        self._clusters = clusters
        credentials = json.loads(state.lab.credentials.read_text())["bosh"]
        self._auth = encode_basic_auth(credentials["client"], credentials["client_secret"])
        self._tasks: list[str] = []
        """Results of past tasks."""

    def application(self) -> web.Application:
        """Returns the application of the Director's port."""
        guards = [faulty(self._state.lab, "bosh"), self._guard]
        app = web.Application(middlewares=guards)
        app.add_routes(
            [
                web.get("/info", self._info),
                web.get("/deployments", self._deployments),
                web.get("/deployments/{name}/vms", self._vms),
                web.put("/deployments/{name}/jobs/{job}", self._change),
                web.put("/deployments/{name}/jobs/{job}/{id}", self._change),
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
        item = self._deployed(wanted)
        if item is None:
            return _unknown(wanted)
        silent = self._outages.silent
        rows = [_row(item, machine, silent=machine.cid in silent) for machine in item.machines]
        return self._begun("".join(json.dumps(row) + "\n" for row in rows))

    async def _change(self, request: web.Request) -> web.Response:
        """Handles ``bosh recreate``; responds once it is done, so the task appears only when finished."""
        wanted, job = request.match_info["name"], request.match_info["job"]
        item = self._deployed(wanted)
        if item is None:
            return _unknown(wanted)
        if request.query.get("state") != "recreate":
            return web.json_response(
                {"code": 440007, "description": "the lab supports only recreate"}, status=400
            )
        known = request.match_info.get("id")
        try:
            made = await self._clusters.recreate(item, None if job == "*" else job, known)
        except ApiError as error:
            return web.json_response({"code": 80000, "description": str(error)}, status=error.status)
        if not made:
            what = f"{job}/{known}" if known else job
            body = {"code": 70002, "description": f"Instance '{what}' doesn't exist in deployment '{wanted}'"}
            return web.json_response(body, status=404)
        return self._begun("".join(f"{machine.job}/{machine.id}\n" for machine in made))

    def _deployed(self, name: str) -> Cluster | None:
        return next((item for item in self._state.clusters.values() if item.deployment == name), None)

    def _begun(self, result: str) -> web.Response:
        self._tasks.append(result)
        number = _FIRST_TASK + len(self._tasks) - 1
        return web.Response(status=302, headers={"Location": f"/tasks/{number}"})

    async def _task(self, request: web.Request) -> web.Response:
        return web.json_response({"id": int(request.match_info["id"]), "state": "done", "result": ""})

    async def _output(self, request: web.Request) -> web.Response:
        index = int(request.match_info["id"]) - _FIRST_TASK
        if not 0 <= index < len(self._tasks):
            return web.json_response({"code": 10000, "description": "Task doesn't exist"}, status=404)
        return web.Response(text=self._tasks[index])


def _unknown(deployment: str) -> web.Response:
    body = {"code": 70000, "description": f"Deployment '{deployment}' doesn't exist"}
    return web.json_response(body, status=404)


def _row(item: Cluster, machine: Machine, *, silent: bool) -> Object:
    state = "unresponsive agent" if silent else "running" if item.serving else "starting"
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
