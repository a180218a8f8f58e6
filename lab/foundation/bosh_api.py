"""BOSH Director: deployments, their VMs and instances, stemcells, tasks and ``recreate``.

As in the product, ``vms`` is a task whose result is read afterwards, one JSON object per line. A conversation
of the real ``bosh`` with it is in ``tests/lab/bosh_cli.yaml``. The texts of the 404s are invented.
"""

from __future__ import annotations

import json
import time

from aiohttp import web
from aiohttp.typedefs import Handler

from lab.foundation.bosh_tasks import Task, Tasks, events
from lab.foundation.clusters import Clusters
from lab.foundation.errors import ApiError, DirectorError
from lab.foundation.http import faulty
from lab.foundation.inventory import Object
from lab.foundation.outages import Outages
from lab.foundation.state import Cluster, Machine, State
from lab.foundation.uaa import Uaa

UAA_PORT = 8443
_VM_TYPE = "medium.disk"
_STEMCELL = {"name": "bosh-vsphere-esxi-ubuntu-jammy-go_agent", "version": "1.824"}
_PROCESSES = {"master": ("kube-apiserver", "etcd"), "worker": ("kubelet", "containerd")}


class BoshApi:
    """``/info``, ``/stemcells``, ``/deployments`` with ``/vms``, ``/instances`` and ``/jobs``, ``/tasks``.

    All but the first need a token of the Director's UAA.
    """

    def __init__(self, state: State, clusters: Clusters, outages: Outages, uaa: Uaa) -> None:
        self._state = state
        self._outages = outages
        self._clusters = clusters
        self._uaa = uaa
        self._user = json.loads(state.lab.credentials.read_text())["bosh"]["client"]
        self._tasks = Tasks(self._user)

    def application(self) -> web.Application:
        """Returns the application of the Director's port."""
        guards = [faulty(self._state.lab, "bosh"), self._guard]
        app = web.Application(middlewares=guards)
        app.add_routes(
            [
                web.get("/info", self._info),
                web.get("/deployments", self._deployments),
                web.get("/stemcells", self._stemcells),
                web.get("/deployments/{name}/vms", self._instances),
                web.get("/deployments/{name}/instances", self._instances),
                web.put("/deployments/{name}/jobs/{job}", self._change),
                web.put("/deployments/{name}/jobs/{job}/{id}", self._change),
                *self._tasks.routes(),
            ]
        )
        return app

    @web.middleware
    async def _guard(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.path != "/info" and not self._uaa.valid(request):
            return web.Response(status=401, text=f"Not authorized: '{request.path}'\n")
        try:
            return await handler(request)
        except DirectorError as error:
            body = {"code": error.code, "description": str(error)}
            return web.json_response(body, status=error.status)

    async def _info(self, request: web.Request) -> web.Response:
        url = f"https://{self._state.lab.bosh_host}:{UAA_PORT}"
        return web.json_response(
            {
                "name": "lab",
                "uuid": "6ba7b810-9dad-11d1-80b4-00c04fd430c8",
                "version": "280.1.14 (00000000)",
                "user": self._user if self._uaa.valid(request) else None,
                "cpi": "vsphere_cpi",
                "stemcell_os": "ubuntu-jammy",
                "stemcell_version": _STEMCELL["version"],
                "user_authentication": {"type": "uaa", "options": {"url": url, "urls": [url]}},
                "features": {"snapshots": {"status": False}},
            }
        )

    async def _stemcells(self, _: web.Request) -> web.Response:
        found = sorted(item.deployment for item in self._state.clusters.values())
        item = {**_STEMCELL, "operating_system": "ubuntu-jammy", "cid": "sc-0", "cpi": ""}
        return web.json_response([{**item, "deployments": [{"name": name} for name in found]}])

    async def _deployments(self, _: web.Request) -> web.Response:
        names = sorted(item.deployment for item in self._state.clusters.values())
        return web.json_response([{"name": name, "releases": [], "stemcells": [_STEMCELL]} for name in names])

    async def _instances(self, request: web.Request) -> web.Response:
        """Responds with a task that lists the instances with their VMs, as ``format=full`` asks for."""
        item = self._deployed(request)
        silent = self._outages.silent
        rows = [_row(item, machine, silent=machine.cid in silent) for machine in item.machines]
        text = "".join(json.dumps(row) + "\n" for row in rows)
        return self._tasks.begun(Task("retrieve vm-stats", item.deployment, text, started=time.time()))

    async def _change(self, request: web.Request) -> web.Response:
        """Handles ``bosh recreate``; responds once it is done, so the task appears only when finished."""
        item, job = self._deployed(request), request.match_info["job"]
        if request.query.get("state") != "recreate":
            raise DirectorError(400, 440007, "the lab supports only recreate")
        known, started = request.match_info.get("id"), time.time()
        try:
            made = await self._clusters.recreate(item, None if job == "*" else job, known)
        except ApiError as error:
            raise DirectorError(error.status, 80000, str(error)) from None
        if not made:
            what = f"{job}/{known}" if known else job
            text = f"Instance '{what}' doesn't exist in deployment '{item.deployment}'"
            raise DirectorError(404, 70002, text)
        reported = [(f"{machine.job}/{machine.id}", machine.job) for machine in made]
        task = Task(
            "create deployment",
            item.deployment,
            "",
            events("Updating instance", reported, started),
            f"/deployments/{item.deployment}",
            started,
        )
        return self._tasks.begun(task)

    def _deployed(self, request: web.Request) -> Cluster:
        name = request.match_info["name"]
        for item in self._state.clusters.values():
            if item.deployment == name:
                return item
        raise DirectorError(404, 70000, f"Deployment '{name}' doesn't exist")


def _row(item: Cluster, machine: Machine, *, silent: bool) -> Object:
    state = "unresponsive agent" if silent else "running" if item.serving else "starting"
    processes = () if silent else _PROCESSES[machine.job.partition("-")[0]]
    return {
        "job_name": machine.job,
        "id": machine.id,
        "process_state": state,
        "job_state": state,
        "az": machine.az,
        "ips": [machine.ip],
        "vm_cid": machine.cid,
        "vm_type": _VM_TYPE,
        "vm_created_at": "2026-01-01T00:00:00Z",
        "active": True,
        "agent_id": machine.cid,
        "index": 0,
        "bootstrap": False,
        "ignore": False,
        "state": "started",
        "disk_cids": [],
        "resource_pool": _VM_TYPE,
        "stemcell": {**_STEMCELL, "api_version": 3},
        "processes": [{"name": name, "state": state} for name in processes],
    }
