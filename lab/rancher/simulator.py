"""Runs the simulated Rancher of one cluster according to the state of its pods."""

from __future__ import annotations

import asyncio
import functools
import hashlib
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import aiohttp
from aiohttp import web
from aiohttp.typedefs import Middleware

from lab.cluster.api import ApiError, KubernetesApi, Object
from lab.cluster.daemon import follow
from lab.cluster.objects import is_ready, report, show_waiting, waiting
from lab.daemon import wait
from lab.rancher import first_start, outside, pods, rbac, sprawl
from lab.rancher.context import Context
from lab.rancher.namespaces import NAMESPACE
from lab.rancher.pods import MOUNTED, Obstacle
from lab.rancher.release import Release
from lab.rancher.server import application
from lab.rancher.state import State
from lab.rancher.store import Store

_PODS = f"/api/v1/namespaces/{NAMESPACE}/pods"
_SECRETS = f"/api/v1/namespaces/{NAMESPACE}/secrets"
_WEBHOOKS = "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations"
_WEBHOOK = "rancher.cattle.io"
_CA_SECRET = "tls-ca"  # noqa: S105  a name
_RETRY_SECONDS = 2.0
_CA_DENIED = (
    "[FATAL] failed to setup TLS listener: admission webhook "
    '"rancher.cattle.io.settings.management.cattle.io" denied the request: setting is read only'
)
_log = logging.getLogger(__name__)


class Rancher:
    """Rancher of one cluster.

    Args:
        kubeconfig: Access to the cluster's API.
        address: Address to listen on, host and port.
        seed: The cluster's identity, see ``namespaces.created``.
        fault: Returns the current fault ``rancher``.
        middlewares: Additional middlewares of the HTTP server, for example for fault injection.
    """

    def __init__(
        self,
        kubeconfig: Path,
        address: tuple[str, int],
        seed: str,
        *,
        fault: Callable[[], Mapping[str, Any]] = dict,
        middlewares: Sequence[Middleware] = (),
    ) -> None:
        self._kubeconfig = kubeconfig
        self._address = address
        self._pods: dict[str, Object] = {}
        self._secrets: dict[str, Object] = {}
        self._changed = asyncio.Event()
        self._middlewares = middlewares
        self._version = ""
        self._environment: dict[str, str] = {}
        self._made: set[str] = set()
        self._bound: set[rbac.Place] = set()
        self._outside: dict[str, dict[str, Object]] = {}
        self._runner: web.AppRunner | None = None
        self._context = Context(
            State(),
            lambda: self._version,
            seed=seed,
            ca=lambda: self._context.state.cacerts or "",
            environment=lambda: self._environment,
            secret=lambda name: self._secrets.get(f"{NAMESPACE}/{name}"),
            fault=fault,
            changed=self._changed.set,
            forward=self._forward,
        )

    async def run(self) -> None:
        """Runs Rancher until cancelled."""
        async with KubernetesApi(self._kubeconfig) as api, asyncio.TaskGroup() as tasks:
            self._api = api
            self._tasks = tasks
            store = Store(api)
            self._context.state = await _until_answered(store.load)
            self._context.store = store
            try:
                await follow(tasks, api, {_PODS: self._pods, _SECRETS: self._secrets}, self._changed)
                await self._reconcile_forever(api)
            finally:
                await self._stop()

    async def _reconcile_forever(self, api: KubernetesApi) -> None:
        while True:
            self._changed.clear()
            began = self._context.clock()
            try:
                await self._mount(api)
                await self._serve(api)
                pause = sprawl.pause(self._context, began) if self._runner else None
                if store := self._context.store:
                    if await store.write(self._context.state):
                        self._changed.set()
                    if store.is_waiting:
                        pause = min(pause or _RETRY_SECONDS, _RETRY_SECONDS)
            except (ApiError, aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
                _log.warning("%s; retrying", error or type(error).__name__)
                pause = _RETRY_SECONDS
            await wait(self._changed, pause)

    def _ranchers(self) -> list[Object]:
        return [pod for pod in self._pods.values() if pods.is_rancher(pod)]

    async def _mount(self, api: KubernetesApi) -> None:
        """Lets pods start whose Secrets exist, and reports what is missing for the others."""
        for pod in self._ranchers():
            if pods.is_mounted(pod) or not pod["spec"].get("nodeName"):
                continue
            name = pod["metadata"]["name"]
            obstacle = pods.obstacle(pod, self._secrets) or await self._ca_denied(api, pod)
            if obstacle is None:
                self._set_ca(pod)
                await self._show(api, pod, "ContainerCreating", "")
                await api.patch(f"{_PODS}/{name}", {"metadata": {"annotations": {MOUNTED: "true"}}})
            else:
                await self._show(api, pod, obstacle.reason, obstacle.message)
                suffix = hashlib.sha256(obstacle.message.encode()).hexdigest()[:16]
                if await report(api, pod, suffix, obstacle.event_reason, obstacle.message):
                    _log.warning("pod %s does not start: %s", name, obstacle.message)

    async def _ca_denied(self, api: KubernetesApi, pod: Object) -> Obstacle | None:
        """Returns why Rancher exits: webhook 0.11.0 denies a change of the setting cacerts."""
        state = self._context.state
        if not Release(state.webhook).webhook_denies_new_ca or state.cacerts in {None, self._ca_of(pod)}:
            return None
        found = await api.request("GET", _WEBHOOKS)
        if _WEBHOOK not in {item["metadata"]["name"] for item in found["items"]}:
            return None
        return Obstacle("CrashLoopBackOff", "BackOff", _CA_DENIED)

    def _ca_of(self, pod: Object) -> str:
        """Returns the private CA that a pod mounts when it starts."""
        if not pods.mounts(pod, _CA_SECRET):
            return ""
        return first_start.decoded(self._secrets, _CA_SECRET, "cacerts.pem")

    def _set_ca(self, pod: Object) -> None:
        """Sets the setting cacerts to the pod's CA, as a pod does on start."""
        state, found = self._context.state, self._ca_of(pod)
        if state.cacerts != found:
            state.cacerts = found
            self._context.commit()

    async def _install(self, api: KubernetesApi) -> None:
        """Installs the custom resources, and from then on accepts what others do to them."""
        if self._context.store and not self._outside:
            await self._context.store.install()
            for kind in outside.KINDS:
                found = self._outside.setdefault(kind.name, {})
                changed = functools.partial(outside.accept, self._context, kind, found)
                self._tasks.create_task(api.follow(kind.path, found, changed, lambda: None))

    async def _install_webhook(self, api: KubernetesApi) -> None:
        """Installs the webhook of the serving version, once per version."""
        state = self._context.state
        if state.webhook == self._version or not self._context.release.webhook:
            return
        await api.create(_WEBHOOKS, {"metadata": {"name": _WEBHOOK}, "webhooks": []})
        state.webhook = self._version
        self._context.commit()

    async def _show(self, api: KubernetesApi, pod: Object, reason: str, message: str) -> None:
        """Sets the waiting reason of the pod's containers, once KWOK has created their status."""
        if waiting(pod) not in {"", reason}:
            await show_waiting(api, pod, reason, message)

    async def _serve(self, api: KubernetesApi) -> None:
        """Listens while a ready pod exists that was able to start."""
        able = [pod for pod in self._ranchers() if is_ready(pod) and pods.is_mounted(pod)]
        if not able:
            await self._stop()
            return
        newest = max(able, key=lambda pod: str(pod["metadata"]["creationTimestamp"]))
        self._version, self._environment = pods.version(newest), pods.environment(newest)
        if self._runner is None:
            await self._install(api)
            await first_start.ensure(api, self._context, self._secrets)
            handler = application(self._context, *self._middlewares)
            runner = web.AppRunner(handler, access_log=None, shutdown_timeout=0.5)
            await runner.setup()
            try:
                await web.TCPSite(runner, *self._address).start()
            except OSError:
                await runner.cleanup()
                raise
            self._runner = runner
            _log.info("Rancher %s serves on %s:%d", self._version, *self._address)
        await self._install_webhook(api)
        await sprawl.keep(api, self._context, self._made)
        if await rbac.keep(api, self._context, self._bound):
            self._changed.set()

    async def _forward(self, method: str, path: str, body: Object | None, media_type: str) -> Object:
        return await self._api.request(method, path, body, media_type)

    async def _stop(self) -> None:
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None
            self._made.clear()
            self._bound.clear()
            _log.info("no ready Rancher pod: stopped serving")


async def _until_answered(load: Callable[[], Awaitable[State]]) -> State:
    """Returns what it loads, as soon as the API server answers."""
    while True:
        try:
            return await load()
        except (ApiError, aiohttp.ClientError, TimeoutError) as error:
            _log.warning("%s; retrying", error or type(error).__name__)
            await asyncio.sleep(_RETRY_SECONDS)
