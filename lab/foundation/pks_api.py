"""REST API of PKS on port 9021 (container-service-extension's generated client, docs-pks 1.5).

Invented: ``binds`` returns the kubeconfig as JSON. The lab has no quotas.
"""

from __future__ import annotations

from typing import Any

import yaml
from aiohttp import web
from aiohttp.typedefs import Handler

from lab.cluster.kubeconfig import kubeconfig
from lab.cluster.spec import ClusterFiles
from lab.foundation import documents, profiles, tile
from lab.foundation.clusters import Clusters
from lab.foundation.errors import ApiError, not_found
from lab.foundation.http import faulty
from lab.foundation.inventory import Object
from lab.foundation.state import Cluster, State
from lab.foundation.uaa import Uaa

_LABELS = {"network-profiles": "Network profile", "compute-profiles": "Compute profile"}


class PksApi:
    """Everything below ``/v1``. 404: unknown object, 401: invalid token; errors are ``{"body": text}``."""

    def __init__(self, state: State, clusters: Clusters, uaa: Uaa) -> None:
        self._state = state
        self._clusters = clusters
        self._uaa = uaa

    def application(self) -> web.Application:
        """Returns the application of the API's port."""
        guards = [faulty(self._state.lab, "pks-api"), self._guard]
        app = web.Application(middlewares=guards)
        app.add_routes(
            [
                web.get("/v1/plans", self._plans),
                web.get("/v1/clusters", self._list_clusters),
                web.post("/v1/clusters", self._create_cluster),
                web.get("/v1/clusters/{name}", self._get_cluster),
                web.get("/v1/clusterdetails/{name}", self._get_details),
                web.patch("/v1/clusters/{name}", self._update_cluster),
                web.delete("/v1/clusters/{name}", self._delete_cluster),
                web.post("/v1/clusters/{name}/binds", self._bind),
                web.get("/v1/clusters/{name}/binds/{user}", self._bind),
            ]
        )
        every = f"/v1/{{kind:{'|'.join(_LABELS)}}}"
        app.add_routes(
            [
                web.get(every, self._list_profiles),
                web.post(every, self._create_profile),
                web.get(f"{every}/{{name}}", self._get_profile),
                web.delete(f"{every}/{{name}}", self._delete_profile),
            ]
        )
        return app

    @web.middleware
    async def _guard(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        if not self._uaa.valid(request):
            return web.json_response({"error": "invalid_token"}, status=401)
        try:
            return await handler(request)
        except ApiError as error:
            return web.json_response({"body": str(error)}, status=error.status)

    # --- clusters ------------------------------------------------------------------------------
    async def _plans(self, _: web.Request) -> web.Response:
        return web.json_response([plan.document for plan in tile.PLANS.values()])

    async def _list_clusters(self, _: web.Request) -> web.Response:
        return web.json_response([self._document(item) for item in self._state.clusters.values()])

    async def _create_cluster(self, request: web.Request) -> web.Response:
        item = self._clusters.create(await _body(request))
        return web.json_response(self._document(item), status=202)

    async def _get_cluster(self, request: web.Request) -> web.Response:
        return web.json_response(self._document(self._clusters.get(request.match_info["name"])))

    async def _get_details(self, request: web.Request) -> web.Response:
        item = self._clusters.get(request.match_info["name"])
        return web.json_response(documents.cluster(self._state, item, details=True))

    async def _update_cluster(self, request: web.Request) -> web.Response:
        item = self._clusters.update(request.match_info["name"], await _body(request))
        return web.json_response(self._document(item), status=202)

    async def _delete_cluster(self, request: web.Request) -> web.Response:
        self._clusters.delete(request.match_info["name"])
        return web.Response(status=204)

    async def _bind(self, request: web.Request) -> web.Response:
        item = self._clusters.get(request.match_info["name"])
        if not item.ready:
            raise ApiError(422, f"Cluster {item.name} is not ready: {item.description}")
        spec = documents.spec(self._state, item)
        ca = ClusterFiles(self._state.lab, item.uuid).ca.read_text()
        text = kubeconfig(spec, ca, f"https://{spec.external_hostname}:{spec.port}")
        return web.json_response(yaml.safe_load(text), status=201)

    def _document(self, item: Cluster) -> Object:
        return documents.cluster(self._state, item)

    # --- profiles ------------------------------------------------------------------------------
    async def _list_profiles(self, request: web.Request) -> web.Response:
        return web.json_response(list(self._store(request).values()))

    async def _get_profile(self, request: web.Request) -> web.Response:
        return web.json_response(self._profile(request))

    async def _create_profile(self, request: web.Request) -> web.Response:
        document, store = await _body(request), self._store(request)
        label, name = _LABELS[request.match_info["kind"]], document.get("name")
        if name in store:
            raise ApiError(409, f"{label} {name} already exists")
        inventory, problem = self._state.inventory, None if name else "name is missing"
        if store is self._state.network_profiles:
            known = {*inventory.blocks, *inventory.pools}
            problem = profiles.problem(document, known, store.values())
        if problem is not None:
            raise ApiError(400, f"Invalid {label.lower()}: {problem}")
        store[str(name)] = {"description": "", "parameters": {}, **document}
        self._state.save()
        return web.json_response(store[str(name)], status=201)

    async def _delete_profile(self, request: web.Request) -> web.Response:
        profile, store = self._profile(request), self._store(request)
        for item in self._state.clusters.values():
            used = item.order.compute_profile
            if store is self._state.network_profiles:
                used = item.order.network_profile
            if used == profile["name"]:
                label = _LABELS[request.match_info["kind"]]
                raise ApiError(409, f"{label} {used} cannot be deleted: it is in use by cluster {item.name}")
        del store[profile["name"]]
        self._state.save()
        return web.Response(status=204)

    def _store(self, request: web.Request) -> dict[str, Object]:
        network = request.match_info["kind"] == "network-profiles"
        return self._state.network_profiles if network else self._state.compute_profiles

    def _profile(self, request: web.Request) -> Object:
        name, store = request.match_info["name"], self._store(request)
        if name not in store:
            raise not_found(_LABELS[request.match_info["kind"]], name)
        return store[name]


async def _body(request: web.Request) -> dict[str, Any]:
    try:
        document = await request.json()
    except ValueError:
        document = None
    if not isinstance(document, dict):
        raise ApiError(400, "The request body is not a JSON object")
    return document
