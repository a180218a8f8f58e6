"""Runs the data plane: watches the cluster's objects, opens and closes ports, publishes the address."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable
from pathlib import Path
from weakref import WeakKeyDictionary

import aiohttp
from aiohttp import web

from lab.cluster.api import ApiError, KubernetesApi, Object
from lab.cluster.daemon import follow
from lab.cluster.objects import load_balancer_ips
from lab.daemon import wait
from lab.edge import routing
from lab.edge.balancer import Down, Pool, Upstream
from lab.edge.certificates import Certificates
from lab.edge.proxy import Backend, Proxy
from lab.edge.routing import Listener, Site, View

_PATHS = {
    "services": "/api/v1/services",
    "secrets": "/api/v1/secrets",
    "ingresses": "/apis/networking.k8s.io/v1/ingresses",
    "slices": "/apis/discovery.k8s.io/v1/endpointslices",
}
_RETRY_SECONDS = 5.0
_CLOSE_SECONDS = 0.5
_SILENCE_SECONDS = 0.2
_log = logging.getLogger(__name__)


class Edge:
    """The data plane of one cluster.

    Args:
        kubeconfig: Access to the cluster's API.
        network: CIDR of the floating IP pool; the data plane listens only on its addresses.
        rancher: URL of the Rancher simulator, which serves the pods labelled ``app=rancher``.
        down: Returns the nodes that are down.
    """

    def __init__(self, kubeconfig: Path, network: str, rancher: str, down: Down = tuple) -> None:
        self._kubeconfig = kubeconfig
        self._network = network
        self._rancher = rancher
        self._down = down
        self._upstream = Upstream(down)
        self._stores: dict[str, dict[str, Object]] = {name: {} for name in _PATHS}
        self._view = View(self._stores["services"], self._stores["ingresses"], self._stores["slices"])
        self._sites: dict[str, Site] = {}
        self._open: dict[Listener, web.ServerRunner] = {}
        self._refused: set[Listener] = set()
        self._changed = asyncio.Event()
        self._certificates = Certificates(self._stores["secrets"], self._site)

    async def run(self) -> None:
        """Serves until cancelled."""
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=5, sock_read=1800)
        async with (
            KubernetesApi(self._kubeconfig) as api,
            aiohttp.ClientSession(timeout=timeout, auto_decompress=False) as session,
            asyncio.TaskGroup() as tasks,
        ):
            proxy = Proxy(session, self._site, self._backend, self._upstream)
            try:
                stores = {path: self._stores[name] for name, path in _PATHS.items()}
                await follow(tasks, api, stores, self._changed)
                await self._reconcile_forever(api, proxy)
            finally:
                await self._close(list(self._open))

    def _site(self, host: str) -> Site | None:
        return routing.find_site(self._sites, host)

    def _backend(self, service: str) -> Backend:
        found = self._view.services.get(service)
        if found is None:
            return Backend((), None)
        is_rancher = (found["spec"].get("selector") or {}).get("app") == "rancher"
        return Backend(routing.nodes(self._view, service), self._rancher if is_rancher else None)

    async def _reconcile_forever(self, api: KubernetesApi, proxy: Proxy) -> None:
        while True:
            self._changed.clear()
            self._sites = routing.sites(self._view.ingresses.values())
            wanted = routing.listeners(self._view, self._network)
            await self._close(self._open.keys() - wanted)
            for listener in wanted - self._open.keys():
                await self._listen(listener, proxy)
            failed = bool(wanted - self._open.keys()) or not await self._publish(api)
            await wait(self._changed, _RETRY_SECONDS if failed else None)

    async def _listen(self, listener: Listener, proxy: Proxy) -> None:
        pool = Pool()
        chosen: WeakKeyDictionary[asyncio.BaseTransport, str] = WeakKeyDictionary()

        async def handle(request: web.BaseRequest) -> web.StreamResponse:
            # A connection stays with the nginx pod that got its first request.
            if (transport := request.transport) is not None:
                if transport not in chosen:
                    nodes = routing.nodes(self._view, listener.service)
                    chosen[transport] = pool.choose(nodes, self._down()) or ""
                if await self._silent(transport, chosen[transport]):
                    return web.Response()
            return await proxy.handle(request, listener)

        # No access log: paths may contain tokens (Rancher's import links do).
        runner = web.ServerRunner(web.Server(handle, access_log=None), shutdown_timeout=_CLOSE_SECONDS)
        await runner.setup()
        context = self._certificates.context if listener.tls else None
        try:
            await web.TCPSite(runner, listener.address, listener.port, ssl_context=context).start()
        except OSError as error:
            await runner.cleanup()
            if listener not in self._refused:
                _log.error("cannot listen on %s:%d: %s", listener.address, listener.port, error.strerror)
            self._refused.add(listener)
            return
        self._refused.discard(listener)
        self._open[listener] = runner
        _log.info("listening on %s:%d%s", listener.address, listener.port, " (TLS)" if listener.tls else "")

    async def _silent(self, transport: asyncio.Transport, node: str) -> bool:
        """Stays silent while the node is down; returns True if the connection is closed meanwhile."""
        silent = False
        while node in self._down() and not transport.is_closing():
            silent = True
            await asyncio.sleep(_SILENCE_SECONDS)
        if silent:
            transport.abort()
        return silent

    async def _close(self, listeners: Iterable[Listener]) -> None:
        """Closes ports and their connections, as when the pods behind the load balancer are gone."""
        for listener in list(listeners):
            await self._open.pop(listener).cleanup()
            _log.info("closed %s:%d", listener.address, listener.port)

    async def _publish(self, api: KubernetesApi) -> bool:
        """Writes the controller's address to the status of its Ingresses; returns False on failure."""
        services = self._view.services
        published = [
            load_balancer_ips(service)
            for key, service in sorted(services.items())
            if routing.is_controller(service)
            and routing.addresses(service, self._network)
            and routing.ready(self._view, key)
        ]
        if not published:
            return True
        status = [{"ip": ip} for ip in published[0]]
        for key, ingress in list(self._view.ingresses.items()):
            if routing.is_ours(ingress) and load_balancer_ips(ingress) != published[0]:
                namespace, name = key.split("/")
                path = f"/apis/networking.k8s.io/v1/namespaces/{namespace}/ingresses/{name}/status"
                try:
                    await api.patch(path, {"status": {"loadBalancer": {"ingress": status}}})
                except (ApiError, aiohttp.ClientError, TimeoutError) as error:
                    _log.info("status of Ingress %s: %s", key, error)
                    return False
        return True
