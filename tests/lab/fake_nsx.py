"""NSX-T manager for tests of NCP: the part of its API that NCP calls, with small limits."""

from __future__ import annotations

import ipaddress
import json
import os
import secrets
import socket
import ssl
from typing import Any

from aiohttp import web

from lab import pki
from lab.layout import Lab

KINDS = (
    "logical-routers",
    "logical-switches",
    "loadbalancer/services",
    "loadbalancer/virtual-servers",
)


class FakeNsx:
    """Objects by kind; pod IP blocks and floating IP pools by id."""

    def __init__(
        self,
        blocks: dict[str, str],
        pools: dict[str, list[str]],
        virtual_servers: int = 20,
        balancers: int = 2,
    ) -> None:
        self.blocks = {name: ipaddress.IPv4Network(cidr) for name, cidr in blocks.items()}
        self.pools = pools
        self.limits = {"loadbalancer/services": balancers}
        self.virtual_servers = virtual_servers
        self.objects: dict[str, list[dict[str, Any]]] = {kind: [] for kind in (*KINDS, "subnets")}
        self.allocations: dict[str, list[dict[str, Any]]] = {pool: [] for pool in pools}
        self.fail_next = 0
        """How many changes are made but answered with status 500."""
        self.base = ""

    def tagged(self, kind: str, namespace: str | None) -> list[dict[str, Any]]:
        """Objects of ``kind`` of one namespace, or of the cluster as a whole."""
        return [item for item in self.objects[kind] if _tag(item, "ncp/project") == namespace]

    def addresses(self, namespace: str | None) -> list[str]:
        """Floating IPs of one namespace."""
        found = (item for items in self.allocations.values() for item in items)
        return [item["allocation_id"] for item in found if _tag(item, "ncp/project") == namespace]

    async def start(self, lab: Lab) -> web.AppRunner:
        """Serve as the lab's NSX-T manager."""
        pki.ensure_ca(lab)
        lab.credentials.write_text(json.dumps({"nsx": {"username": "admin", "password": "secret"}}))
        host, port = lab.nsx_manager.split(":")
        certificate, key = pki.server_certificate(lab, "nsx", ips=[host])
        tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        tls.load_cert_chain(certificate, key)
        app = web.Application()
        api = "/api/v1"
        app.router.add_get(f"{api}/pools/ip-subnets", self._list_subnets)
        app.router.add_post(f"{api}/pools/ip-subnets", self._create_subnet)
        app.router.add_delete(f"{api}/pools/ip-subnets/{{id}}", self._deleter("subnets"))
        app.router.add_get(f"{api}/pools/ip-pools/{{pool}}/allocations", self._list_allocations)
        app.router.add_post(f"{api}/pools/ip-pools/{{pool}}", self._allocation)
        for kind in KINDS:
            app.router.add_get(f"{api}/{kind}", self._lister(kind))
            app.router.add_post(f"{api}/{kind}", self._creator(kind))
            app.router.add_delete(f"{api}/{kind}/{{id}}", self._deleter(kind))
        runner = web.AppRunner(app)
        await runner.setup()
        await web.TCPSite(runner, host, int(port), ssl_context=tls).start()
        return runner

    def _lister(self, kind: str) -> Any:
        async def handle(_: web.Request) -> web.Response:
            return _results(self.objects[kind])

        return handle

    def _creator(self, kind: str) -> Any:
        async def handle(request: web.Request) -> web.Response:
            body = await request.json()
            items = self.objects[kind]
            if kind == "loadbalancer/virtual-servers":
                same = [item for item in items if item["lb_service_id"] == body["lb_service_id"]]
                full = len(same) >= self.virtual_servers
            else:
                full = len(items) >= self.limits.get(kind, 10**6)
            if full:
                return _conflict(f"no room for another of {kind}")
            items.append({**body, "id": secrets.token_hex(8)})
            return self._answer(items[-1])

        return handle

    def _deleter(self, kind: str) -> Any:
        async def handle(request: web.Request) -> web.Response:
            wanted = request.match_info["id"]
            before = len(self.objects[kind])
            self.objects[kind] = [item for item in self.objects[kind] if item["id"] != wanted]
            return web.Response(status=200 if len(self.objects[kind]) < before else 404)

        return handle

    async def _list_subnets(self, request: web.Request) -> web.Response:
        """Two a page, so that the cursor is used."""
        block = request.query["block_id"]
        items = [item for item in self.objects["subnets"] if item["block_id"] == block]
        first = int(request.query.get("cursor", "0"))
        cursor = {"cursor": str(first + 2)} if len(items) > first + 2 else {}
        page = {"results": items[first : first + 2], "result_count": len(items), **cursor}
        return web.json_response(page)

    async def _create_subnet(self, request: web.Request) -> web.Response:
        body = await request.json()
        taken = {item["cidr"] for item in self.objects["subnets"]}
        prefix = 33 - int(body["size"]).bit_length()
        for subnet in self.blocks[body["block_id"]].subnets(new_prefix=prefix):
            if str(subnet) not in taken:
                item = {**body, "id": secrets.token_hex(8), "cidr": str(subnet)}
                self.objects["subnets"].append(item)
                return self._answer(item)
        return _conflict(f"block {body['block_id']} has no subnet left")

    async def _list_allocations(self, request: web.Request) -> web.Response:
        return _results(self.allocations[request.match_info["pool"]])

    async def _allocation(self, request: web.Request) -> web.Response:
        pool, body = request.match_info["pool"], await request.json()
        used = [item["allocation_id"] for item in self.allocations[pool]]
        if request.query["action"] == "RELEASE":
            keep = [item for item in self.allocations[pool] if item["allocation_id"] != body["allocation_id"]]
            self.allocations[pool] = keep
            return web.json_response({})
        free = [ip for ip in self.pools[pool] if ip not in used and ip == body.get("allocation_id", ip)]
        if not free:
            return _conflict(f"pool {pool} has no free address")
        self.allocations[pool].append({**body, "allocation_id": free[0]})
        return self._answer(self.allocations[pool][-1])

    def _answer(self, item: dict[str, Any]) -> web.Response:
        if self.fail_next:
            self.fail_next -= 1
            return web.json_response({"error_message": "internal error"}, status=500)
        return web.json_response(item, status=201)


def _tag(item: dict[str, Any], scope: str) -> str | None:
    return next((tag["tag"] for tag in item["tags"] if tag["scope"] == scope), None)


def _results(items: list[dict[str, Any]]) -> web.Response:
    return web.json_response({"results": items, "result_count": len(items)})


def _conflict(message: str) -> web.Response:
    return web.json_response({"error_message": message}, status=409)


def free_net() -> int:
    """A loopback network for a lab of one test, in which no NSX-T manager listens."""
    for offset in range(50):
        net = 200 + (os.getpid() + offset) % 50
        with socket.socket() as probe:
            if probe.connect_ex((f"127.{net}.0.5", 8443)) != 0:
                return net
    raise RuntimeError("no free loopback network")
