"""Keeps Rancher's state as custom resources in the API of the cluster that it runs on.

So quotas, admission policies, RBAC and ``kubectl`` meet real objects: what the API server denies, Rancher
denies with the same text, and a cluster or project that ``kubectl`` creates or deletes is Rancher's too.
The state outlives pods, the chart and the simulator.
"""

from __future__ import annotations

import asyncio
import copy
import json
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import asdict

import aiohttp

from lab.cluster import definitions
from lab.cluster.api import MERGE_PATCH, ApiError, KubernetesApi, impersonating
from lab.rancher.context import Call, RefusalError
from lab.rancher.kinds import KINDS, PROJECTS, RECORD, SETTINGS, Kind, records
from lab.rancher.state import Object, State

_ROLES = "/apis/rbac.authorization.k8s.io/v1/clusterroles"
_BINDINGS = "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings"
_GROUP = "lab:rancher-users"
"""Group of every user of Rancher. What each may do is Rancher's own decision (``server._authorize``)."""
RANCHER = "system:serviceaccount:cattle-system:rancher"
_SCALARS = "lab-rancher"
"""Setting with the fields of ``State`` that are no objects."""
_DENIED = {400, 403, 409, 422}
_CODES = {403: "Forbidden", 404: "NotFound", 409: "Conflict"}
_log = logging.getLogger(__name__)


class Store:
    """The custom resources of one Rancher. One request at a time reads or changes the state."""

    def __init__(self, api: KubernetesApi) -> None:
        self._api = api
        self._kept: dict[tuple[str, str], str] = {}
        self._waiting: set[tuple[str, str]] = set()
        self._scalars = ""
        self._installed = False
        self._lock = asyncio.Lock()

    async def install(self) -> None:
        """Creates the definitions, as Rancher does on start, and waits until the API server serves them."""
        if self._installed:
            return
        for kind in KINDS:
            await self._api.create(definitions.PATH, kind.definition)
        groups = sorted({kind.api[0] for kind in KINDS})
        rule = {"apiGroups": groups, "resources": ["*"], "verbs": ["*"]}
        await self._api.create(_ROLES, {"metadata": {"name": _GROUP}, "rules": [rule]})
        role = {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": _GROUP}
        subject = {"apiGroup": "rbac.authorization.k8s.io", "kind": "Group", "name": _GROUP}
        await self._api.create(
            _BINDINGS, {"metadata": {"name": _GROUP}, "roleRef": role, "subjects": [subject]}
        )
        for kind in KINDS:
            while not await self._served(kind):
                await asyncio.sleep(0.1)
        self._installed = True

    async def load(self) -> State:
        """Returns the stored state; a new one before the first start."""
        if not await self._served(SETTINGS):
            return State()
        fields: Object = {kind.field: {} for kind in KINDS}
        for kind in KINDS:
            for item in (await self._api.request("GET", kind.path))["items"]:
                text = (item["metadata"].get("annotations") or {}).get(RECORD)
                if text is None:
                    continue
                record = json.loads(text)
                if kind is SETTINGS and item["metadata"]["name"] == _SCALARS:
                    fields |= record
                    self._scalars = text
                    continue
                key = record["key"]
                fields[kind.field][key] = record["record"]
                self._kept[kind.name, key] = text
        self._installed = True
        return State(**fields)

    @asynccontextmanager
    async def request(self, call: Call) -> AsyncIterator[None]:
        """Stores what a request changes; undoes all of it when the API server denies its object."""
        async with self._lock:
            state = call.context.state
            before = copy.deepcopy(state) if call.request.method != "GET" else state
            known = set(self._keys(state))
            yield
            new = [key for key in self._keys(state) if key not in known]
            try:
                await self._write(state, call.user["id"], new[:1])
            except (RefusalError, ApiError, aiohttp.ClientError, TimeoutError) as error:
                for kind, key, record in list(records(state)):
                    if (kind.name, key) not in known and (kind.name, key) not in new:
                        getattr(before, kind.field)[key] = record  # by kubectl, meanwhile
                # Rancher may have made a namespace of it already, which the real one makes only afterwards.
                undone = _namespaces(state) - _namespaces(before)
                vars(state).update(vars(before))
                state.leaving.update(dict.fromkeys(undone, call.now))
                call.context.commit()
                if isinstance(error, RefusalError):
                    raise
                raise RefusalError(500, "ServerError", str(error)) from None

    async def write(self, state: State) -> bool:
        """Stores what Rancher itself has changed; returns whether there are new objects."""
        known = self._kept.keys()
        before = set(known)
        if self._installed:
            async with self._lock:
                await self._write(state, RANCHER, [])
        return not known <= before

    @property
    def is_waiting(self) -> bool:
        """Whether the API server did not accept objects of Rancher itself, which goes on trying."""
        return bool(self._waiting)

    def holds(self, project: str) -> bool:
        """Whether the object of a project exists."""
        return (PROJECTS.name, project) in self._kept

    @staticmethod
    def _keys(state: State) -> list[tuple[str, str]]:
        """What a user may create; the first preference comes with its namespace, which is Rancher's."""
        return [(kind.name, key) for kind, key, _ in records(state) if kind.field != "preferences"]

    async def _write(self, state: State, user: str, own: list[tuple[str, str]]) -> None:
        """Brings the API in line with the state; ``own`` is the object that the user creates."""
        found = {
            (kind.name, key): (kind, key, record, json.dumps({"key": key, "record": record}))
            for kind, key, record in records(state)
        }
        kinds = {kind.name: kind for kind in KINDS}
        for name, key in self._kept.keys() - found.keys():
            collection, object_name = kinds[name].place(key)
            await self._api.delete(f"{collection}/{object_name}")
            del self._kept[name, key]
        self._waiting &= found.keys()
        changed = [item for item, (*_, text) in found.items() if self._kept.get(item) != text]
        for item in sorted(changed, key=lambda item: item not in own):
            kind, key, record, text = found[item]
            try:
                await self._put(kind, key, record, text, user if item in own else RANCHER)
            except ApiError as error:
                self._denied(kind, key, error, own=item in own)
            else:
                self._kept[item] = text
                self._waiting.discard(item)
        await self._write_scalars(state)

    def _denied(self, kind: Kind, key: str, error: ApiError, *, own: bool) -> None:
        if own and error.status in {*_CODES, *_DENIED}:
            code = _CODES.get(error.status, "InvalidBodyContent")
            raise RefusalError(error.status, code, error.message) from None
        if error.status not in {*_DENIED, 404}:  # 404: its namespace is created a moment later
            raise error
        if error.status != 404 and (kind.name, key) not in self._waiting:
            _log.warning("%s %s is denied: %s", kind.name, key, error.message)
        self._waiting.add((kind.name, key))

    async def _put(self, kind: Kind, key: str, record: Object, text: str, user: str) -> None:
        collection, name = kind.place(key)
        manifest = kind.manifest(name, record, text)
        if (kind.name, key) not in self._kept and await self._api.create(
            collection, manifest, impersonating(user, _GROUP)
        ):
            return
        await self._api.request("PATCH", f"{collection}/{name}", manifest, MERGE_PATCH)

    async def _write_scalars(self, state: State) -> None:
        lists = {kind.field for kind in KINDS}
        text = json.dumps({name: value for name, value in asdict(state).items() if name not in lists})
        if text != self._scalars:
            await self._put(SETTINGS, _SCALARS, {"value": ""}, text, RANCHER)
            self._scalars = text

    async def _served(self, kind: Kind) -> bool:
        try:
            await self._api.request("GET", f"{kind.path}?limit=1")
        except ApiError as error:
            if error.status != 404:
                raise
            return False
        return True


def _namespaces(state: State) -> set[str]:
    """Those of clusters and projects."""
    return {*state.clusters, *(project["namespace"] for project in state.projects.values())}
