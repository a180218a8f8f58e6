"""NSX-T manager API as NCP uses it: only tags identify the objects that a cluster owns."""

from __future__ import annotations

import json
import ssl
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Self

import aiohttp

from lab.layout import Lab

SUBNETS = "pools/ip-subnets"
ROUTERS = "logical-routers"
SEGMENTS = "logical-switches"
BALANCERS = "loadbalancer/services"
VIRTUAL_SERVERS = "loadbalancer/virtual-servers"
ADDRESSES = "pools/ip-pools"
"""Allocations of a floating IP pool. Their tags are borrowed from the policy API."""

CLUSTER, PROJECT, SERVICE, ROLE = "ncp/cluster", "ncp/project", "ncp/service", "ncp/role"
_TIMEOUT = aiohttp.ClientTimeout(total=15)


class ExhaustedError(Exception):
    """NSX-T rejected an allocation: a block, a pool or a limit is exhausted (HTTP 409)."""


class UnavailableError(Exception):
    """NSX-T did not respond as expected; the effect of the request is unknown."""


@dataclass(frozen=True)
class Owned:
    """One NSX-T object of the cluster."""

    kind: str
    id: str
    tags: Mapping[str, str]
    value: Mapping[str, Any] = field(default_factory=dict)
    """The object as returned by NSX-T; an allocation also has ``pool_id``."""

    @property
    def address(self) -> str:
        """IP address of an allocation."""
        return str(self.value["allocation_id"])


class Nsx:
    """The cluster's objects in NSX-T: an in-memory inventory that every change updates.

    While the cluster lives, only NCP creates or removes its objects, so the inventory is correct from
    ``load`` until a request fails.
    """

    def __init__(self, lab: Lab, uuid: str) -> None:
        credentials = json.loads(lab.credentials.read_text())["nsx"]
        basic = aiohttp.encode_basic_auth(credentials["username"], credentials["password"])
        self._headers = {"Authorization": basic}
        self._tls = ssl.create_default_context(cafile=str(lab.ca_certificate))
        self._base = f"https://{lab.nsx_manager}/api/v1/"
        self._cluster = f"pks-{uuid}"
        self._owned: dict[tuple[str, str], Owned] = {}

    async def __aenter__(self) -> Self:
        connector = aiohttp.TCPConnector(ssl=self._tls)
        self._session = aiohttp.ClientSession(headers=self._headers, connector=connector, timeout=_TIMEOUT)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._session.close()

    async def load(self, blocks: tuple[str, ...], pools: tuple[str, ...]) -> None:
        """Reads everything that the cluster owns, including its pod IP blocks and floating IP pools.

        Raises:
            UnavailableError: NSX-T does not respond.
        """
        owned: dict[tuple[str, str], Owned] = {}
        paths = [(SUBNETS, f"{SUBNETS}?block_id={block}") for block in blocks]
        paths += [(kind, kind) for kind in (ROUTERS, SEGMENTS, BALANCERS, VIRTUAL_SERVERS)]
        for kind, path in paths:
            for value in await self._list(path):
                self._keep(owned, Owned(kind, value["id"], _tags(value), value))
        for pool in pools:
            for value in await self._list(f"{ADDRESSES}/{pool}/allocations"):
                item = {**value, "pool_id": pool}
                self._keep(owned, Owned(ADDRESSES, value["allocation_id"], _tags(value), item))
        self._owned = owned

    def find(self, kind: str, **tags: str | None) -> list[Owned]:
        """Returns objects of ``kind`` with these ``project``, ``service``, ``role`` tags; None: untagged."""
        wanted = {f"ncp/{scope}": value for scope, value in tags.items()}
        return [
            item
            for item in self._owned.values()
            if item.kind == kind and all(item.tags.get(scope) == value for scope, value in wanted.items())
        ]

    def all(self) -> Iterator[Owned]:
        """Yields everything that the cluster owns."""
        return iter(list(self._owned.values()))

    async def create(self, kind: str, name: str, tags: Mapping[str, str], body: Mapping[str, Any]) -> Owned:
        """Creates an object named ``name``.

        Raises:
            ExhaustedError: There is no capacity for it.
            UnavailableError: NSX-T does not respond; call ``load`` before the next change.
        """
        value = await self._call("POST", kind, {**body, **self._labels(name, tags)})
        item = Owned(kind, value["id"], {CLUSTER: self._cluster, **tags}, value)
        self._owned[kind, item.id] = item
        return item

    async def allocate(
        self, pools: tuple[str, ...], name: str, tags: Mapping[str, str], ip: str = ""
    ) -> Owned:
        """Allocates a floating IP, ``ip`` if given, from the first pool that has one.

        Raises:
            ExhaustedError: No pool has one.
            UnavailableError: NSX-T does not respond; call ``load`` before the next change.
        """
        body = {**({"allocation_id": ip} if ip else {}), **self._labels(name, tags)}
        for pool in pools:
            try:
                value = await self._call("POST", f"{ADDRESSES}/{pool}?action=ALLOCATE", body)
            except ExhaustedError:
                continue
            address = value["allocation_id"]
            item = Owned(ADDRESSES, address, {CLUSTER: self._cluster, **tags}, {**value, "pool_id": pool})
            self._owned[ADDRESSES, address] = item
            return item
        raise ExhaustedError(f"none of the floating IP pools {', '.join(pools)} has {ip or 'a free address'}")

    async def remove(self, item: Owned) -> None:
        """Deletes an object or releases an address; succeeds if it is already gone.

        Raises:
            UnavailableError: NSX-T does not respond; call ``load`` before the next change.
        """
        if item.kind == ADDRESSES:
            path = f"{ADDRESSES}/{item.value['pool_id']}?action=RELEASE"
            await self._call("POST", path, {"allocation_id": item.address})
        else:
            await self._call("DELETE", f"{item.kind}/{item.id}", None)
        self._owned.pop((item.kind, item.id), None)

    def _keep(self, owned: dict[tuple[str, str], Owned], item: Owned) -> None:
        if item.tags.get(CLUSTER) == self._cluster:
            owned[item.kind, item.id] = item

    def _labels(self, name: str, tags: Mapping[str, str]) -> dict[str, Any]:
        pairs = {CLUSTER: self._cluster, **tags}
        return {"display_name": name, "tags": [{"scope": s, "tag": t} for s, t in pairs.items()]}

    async def _list(self, path: str) -> list[dict[str, Any]]:
        results: list[dict[str, Any]] = []
        cursor = ""
        while True:
            separator = "&" if "?" in path else "?"
            page = await self._call("GET", f"{path}{separator}cursor={cursor}" if cursor else path, None)
            results += page.get("results", [])
            cursor = page.get("cursor", "")
            if not cursor:
                return results

    async def _call(self, method: str, path: str, body: Mapping[str, Any] | None) -> dict[str, Any]:
        try:
            async with self._session.request(method, self._base + path, json=body) as response:
                text = await response.text()
        except (aiohttp.ClientError, TimeoutError) as error:
            raise UnavailableError(f"{method} {path}: {error or type(error).__name__}") from error
        if response.status == 409:
            raise ExhaustedError(_message(text))
        if response.status == 404 and body is None and method == "DELETE":
            return {}
        if response.status >= 300:
            raise UnavailableError(f"{method} {path}: {response.status} {_message(text)}")
        value: dict[str, Any] = json.loads(text) if text else {}
        return value


def _tags(value: Mapping[str, Any]) -> dict[str, str]:
    return {tag["scope"]: tag["tag"] for tag in value.get("tags") or []}


def _message(text: str) -> str:
    """Returns ``error_message`` of an NSX-T error body, or the body."""
    try:
        return str(json.loads(text)["error_message"])
    except (ValueError, KeyError, TypeError):
        return text[:500]
