"""NSX-T manager: the part of its REST API that NCP and readers use (NSX-T REST API reference).

Paging, field names and 409 on exhaustion are the product's. The tags of pool allocations are borrowed from
the policy API, so that NCP can identify its own after a restart. Invented: a virtual server is created with
the id of its load balancer (``lb_service_id``); real clients add it to the load balancer's
``virtual_server_ids``.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from http import HTTPStatus
from typing import Any

from aiohttp import encode_basic_auth, web
from aiohttp.typedefs import Handler

from lab.foundation import nsx_policy_api
from lab.foundation.http import faulty
from lab.foundation.inventory import KINDS, Object, RefusedError
from lab.foundation.state import State

_PAGE = 1000


class NsxApi:
    """The manager API below ``/api/v1``, and the lists of the policy API, with the same content."""

    def __init__(self, state: State) -> None:
        self._state = state
        credentials = json.loads(state.lab.credentials.read_text())["nsx"]
        self._auth = encode_basic_auth(credentials["username"], credentials["password"])

    def application(self) -> web.Application:
        """Returns the application of the manager's port."""
        guards = [faulty(self._state.lab, "nsx"), self._guard]
        app = web.Application(middlewares=guards)
        kinds = f"/api/v1/{{kind:{'|'.join(['pools/ip-subnets', *KINDS])}}}"
        pools = "/api/v1/{kind:pools/ip-(blocks|pools)}"
        app.add_routes(
            [
                web.get(pools, self._list),
                web.get(f"{pools}/{{id}}", self._get),
                web.get("/api/v1/pools/ip-pools/{id}/allocations", self._allocations),
                web.post("/api/v1/pools/ip-pools/{id}", self._allocate),
                web.get(kinds, self._list),
                web.post(kinds, self._create),
                web.delete(f"{kinds}/{{id}}", self._delete),
                web.get(f"{nsx_policy_api.PREFIX}/ip-pools/{{id}}", self._policy_pool),
                web.get(f"{nsx_policy_api.PREFIX}/{{path:.+}}", self._policy_list),
            ]
        )
        return app

    @web.middleware
    async def _guard(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.headers.get("Authorization") != self._auth:
            return _error(
                403, 403, "The credentials were incorrect or the account specified has been locked."
            )
        try:
            return await handler(request)
        except RefusedError as error:
            return _error(error.status, error.code, str(error))
        except nsx_policy_api.NotFoundError as error:
            return _not_found(str(error))
        except (ValueError, KeyError, TypeError) as error:
            return _error(400, 220, f"The request is invalid: {error!r}")

    def _objects(self, request: web.Request) -> list[Object]:
        """Returns the objects of the request's kind, as the manager shows them."""
        inventory, kind = self._state.inventory, request.match_info["kind"]
        if kind == "pools/ip-pools":
            return [inventory.shown_pool(key) for key in inventory.pools]
        if kind == "loadbalancer/services":
            return inventory.shown_services()
        return list((inventory.blocks if kind == "pools/ip-blocks" else self._store(request)).values())

    def _store(self, request: web.Request) -> dict[str, Object]:
        inventory, kind = self._state.inventory, request.match_info["kind"]
        return inventory.subnets if kind == "pools/ip-subnets" else inventory.objects[kind]

    async def _list(self, request: web.Request) -> web.Response:
        block = request.query.get("block_id")
        return _page(
            request, [item for item in self._objects(request) if block in (None, item.get("block_id"))]
        )

    async def _get(self, request: web.Request) -> web.Response:
        wanted = request.match_info["id"]
        found = [item for item in self._objects(request) if item["id"] == wanted]
        return web.json_response(found[0]) if found else _not_found(wanted)

    async def _create(self, request: web.Request) -> web.Response:
        inventory, kind, body = self._state.inventory, request.match_info["kind"], await request.json()
        subnet = kind == "pools/ip-subnets"
        return self._created(inventory.create_subnet(body) if subnet else inventory.create(kind, body))

    async def _delete(self, request: web.Request) -> web.Response:
        identifier = request.match_info["id"]
        if self._store(request).pop(identifier, None) is None:
            return _not_found(identifier)
        self._state.save()
        return web.Response(status=200)

    async def _allocations(self, request: web.Request) -> web.Response:
        inventory, pool = self._state.inventory, request.match_info["id"]
        if pool not in inventory.pools:
            return _not_found(pool)
        return _page(request, inventory.allocations.get(pool, []))

    async def _allocate(self, request: web.Request) -> web.Response:
        pool, body = request.match_info["id"], await request.json()
        if request.query.get("action") == "RELEASE":
            self._state.inventory.release(pool, body["allocation_id"])
            self._state.save()
            return web.json_response({})
        return self._created(self._state.inventory.allocate(pool, body), status=200)

    async def _policy_pool(self, request: web.Request) -> web.Response:
        return web.json_response(nsx_policy_api.pool(self._state.inventory, request.match_info["id"]))

    async def _policy_list(self, request: web.Request) -> web.Response:
        return _page(request, nsx_policy_api.collection(self._state.inventory, request.match_info["path"]))

    def _created(self, item: Object, status: int = 201) -> web.Response:
        self._state.save()
        return web.json_response(item, status=status)


def _page(request: web.Request, items: Iterable[Object]) -> web.Response:
    every = list(items)
    first, size = int(request.query.get("cursor") or 0), int(request.query.get("page_size") or _PAGE)
    if not 1 <= size <= _PAGE:
        raise RefusedError(400, 255, f"page_size {size} is not between 1 and {_PAGE}.")
    page: dict[str, Any] = {"results": every[first : first + size], "result_count": len(every)}
    if first + size < len(every):
        page["cursor"] = str(first + size)
    return web.json_response(page)


def _not_found(identifier: str) -> web.Response:
    return _error(404, 600, f"The object {identifier} could not be found.")


def _error(status: int, code: int, message: str) -> web.Response:
    name = HTTPStatus(status).name
    body = {"httpStatus": name, "error_code": code, "module_name": "id-allocation", "error_message": message}
    return web.json_response(body, status=status)
