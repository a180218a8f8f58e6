"""The controller loop: watches the cluster, handles one object at a time, retries failures."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

import aiohttp

from lab.cluster import spec as specs
from lab.cluster.api import ApiError, KubernetesApi, Object
from lab.cluster.ncp.errors import ErrorReporter
from lab.cluster.ncp.nsx import PROJECT, SERVICE, ExhaustedError, Nsx, UnavailableError
from lab.cluster.ncp.queue import Item, WorkQueue
from lab.cluster.spec import ClusterSpec
from lab.layout import Lab

_log = logging.getLogger(__name__)
_PATHS = {"namespace": "/api/v1/namespaces", "service": "/api/v1/services", "pod": "/api/v1/pods"}
_AUDIT = Item("audit", "")
_CLUSTER = Item("cluster", "")
_AUDIT_SECONDS = 60.0
_RETRY_SECONDS = 2.0
_EXHAUSTED_RETRY_SECONDS = 5.0


@dataclass
class State:
    """State shared by the handlers."""

    lab: Lab
    spec: ClusterSpec
    api: KubernetesApi
    nsx: Nsx
    errors: ErrorReporter
    load_balancer_seconds: float
    queue: WorkQueue = field(default_factory=WorkQueue)
    namespaces: dict[str, Object] = field(default_factory=dict)
    services: dict[str, Object] = field(default_factory=dict)
    pods: dict[str, Object] = field(default_factory=dict)
    assigned: dict[str, tuple[str, str]] = field(default_factory=dict)
    """Uid of each pod and the address assigned by this process, which the watch may not have returned yet."""
    first_seen: dict[str, float] = field(default_factory=dict)
    """Monotonic time at which a Service without addresses was first seen."""


Handler = Callable[[State, str], Awaitable[None]]
"""Reconciles one key with NSX-T; raises ``ExhaustedError`` after it has reported an exhausted resource."""


class Controller:
    """Runs the handlers one item at a time, so allocations never race."""

    def __init__(self, state: State, handlers: Mapping[str, Handler]) -> None:
        self._state = state
        self._handlers = handlers
        self._loaded = False
        self._listed: set[str] = set()

    async def run(self) -> None:
        """Runs until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            for kind, path in _PATHS.items():
                tasks.create_task(self._follow(kind, path))
            tasks.create_task(self._work())

    async def _follow(self, kind: str, path: str) -> None:
        stores = {"namespace": self._state.namespaces, "service": self._state.services}
        store = stores.get(kind, self._state.pods)

        def listed() -> None:
            self._listed.add(kind)
            if len(self._listed) == len(_PATHS):
                self._state.queue.add(_AUDIT)

        def changed(key: str) -> None:
            self._state.queue.add(Item(kind, key))

        await self._state.api.follow(path, store, changed, listed)

    async def _work(self) -> None:
        queue = self._state.queue
        while True:
            item = await queue.get()
            if len(self._listed) < len(_PATHS):
                queue.add(item, _RETRY_SECONDS / 10)  # an incomplete store would look like deletions
                continue
            try:
                if not self._loaded:
                    await self._load()
                if item == _AUDIT:
                    self._requeue_all()
                else:
                    await self._handlers[item.kind](self._state, item.key)
            except ExhaustedError as error:
                _log.warning("%s %s: %s", item.kind, item.key, error)
                self._loaded = False  # a network profile may have got another block
                queue.add(item, _EXHAUSTED_RETRY_SECONDS)
            except (UnavailableError, ApiError, aiohttp.ClientError, TimeoutError) as error:
                _log.warning("%s %s: %s; retrying", item.kind, item.key, error or type(error).__name__)
                self._loaded = False  # the effect of the failed request is unknown
                queue.add(item, _RETRY_SECONDS)
            except Exception:  # one invalid object must not block the others
                _log.exception("%s %s", item.kind, item.key)
                queue.add(item, _EXHAUSTED_RETRY_SECONDS)

    async def _load(self) -> None:
        state = self._state
        state.spec = specs.load(state.lab, state.spec.uuid)
        await state.nsx.load(state.spec.network.pod_ip_block_ids, state.spec.network.fip_pool_ids)
        self._loaded = True

    def _requeue_all(self) -> None:
        """Reconciles everything again, including objects deleted while no watch was active."""
        state = self._state
        keys = {Item("namespace", name) for name in state.namespaces}
        keys |= {Item("service", name) for name in state.services}
        for owned in state.nsx.all():
            project, service = owned.tags.get(PROJECT), owned.tags.get(SERVICE)
            if project and service:
                keys.add(Item("service", f"{project}/{service}"))
            elif project:
                keys.add(Item("namespace", project))
        for item in keys | {_CLUSTER}:
            state.queue.add(item)
        self._loaded = False
        state.queue.add(_AUDIT, _AUDIT_SECONDS)
