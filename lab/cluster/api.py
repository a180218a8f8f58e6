"""A Kubernetes API client for simulators: JSON in, JSON out, and watches that recover from every failure.

Objects are the dictionaries that the API sends. The official clients would cost each daemon 40 MB, write the
CA to a temporary file and still lack the hard part, a watch that never misses an event.
"""

from __future__ import annotations

import asyncio
import base64
import json
import logging
import ssl
from collections.abc import Awaitable, Callable, Mapping, Set
from pathlib import Path
from typing import Any, Self

import aiohttp
import yaml

Object = dict[str, Any]
MERGE_PATCH = "application/merge-patch+json"

_WATCH_SECONDS = 240
_RETRY_SECONDS = (0.2, 5.0)
_REQUEST_TIMEOUT = aiohttp.ClientTimeout(total=20)
_log = logging.getLogger(__name__)


class ApiError(Exception):
    """The API server rejected a request: the HTTP status and the server's message."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(f"{status}: {message}")
        self.status = status
        self.message = message


class KubernetesApi:
    """One connection to a cluster, as the user of a kubeconfig with inline CA and token."""

    def __init__(self, kubeconfig: Path) -> None:
        document = yaml.safe_load(kubeconfig.read_text())
        cluster = document["clusters"][0]["cluster"]
        ca = base64.b64decode(cluster["certificate-authority-data"]).decode()
        self._server: str = cluster["server"]
        self._headers = {"Authorization": f"Bearer {document['users'][0]['user']['token']}"}
        self._tls = ssl.create_default_context(cadata=ca)

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession(
            headers=self._headers,
            connector=aiohttp.TCPConnector(ssl=self._tls),
            read_bufsize=2**22,  # a line of a watch is one object of up to 1.5 MiB
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._session.close()

    async def request(
        self,
        method: str,
        path: str,
        body: Object | None = None,
        content_type: str = "application/json",
        caller: Mapping[str, str] | None = None,
    ) -> Object:
        """Sends one request and returns the JSON of the response (empty if it is not JSON).

        ``caller``: headers of ``impersonating``; without them the kubeconfig's user is the caller.

        Raises:
            ApiError: The status is not 2xx.
            aiohttp.ClientError, TimeoutError: The API server did not respond.
        """
        data = None if body is None else json.dumps(body)
        headers = {**({"Content-Type": content_type} if body is not None else {}), **(caller or {})}
        async with self._session.request(
            method, self._server + path, data=data, headers=headers, timeout=_REQUEST_TIMEOUT
        ) as response:
            text = await response.text()
            value = json.loads(text) if response.content_type == "application/json" else {}
            if response.status >= 300:
                raise ApiError(response.status, value.get("message", text))
            result: Object = value
            return result

    async def create(self, path: str, body: Object, caller: Mapping[str, str] | None = None) -> bool:
        """Creates an object; returns False if it already exists."""
        return await _unless({409}, self.request("POST", path, body, caller=caller))

    async def patch(self, path: str, body: Object) -> bool:
        """Merges ``body`` into an object; returns False if the object is gone or has been replaced."""
        return await _unless({404, 409}, self.request("PATCH", path, body, MERGE_PATCH))

    async def delete(self, path: str) -> bool:
        """Deletes an object; returns False if it is already gone."""
        return await _unless({404, 409}, self.request("DELETE", path))

    async def follow(
        self,
        path: str,
        store: dict[str, Object],
        changed: Callable[[str], None],
        listed: Callable[[], None],
    ) -> None:
        """Syncs ``store`` with the collection ``path``, forever; calls ``changed(key)`` after each change.

        Calls ``listed`` whenever the store is known to be complete.

        ``path`` may contain selectors as a query. A key is ``namespace/name``, or only the name. After a lost
        connection, a restart of the API server or an expired resource version it lists the collection again
        and reports the differences, including deletions.
        """
        delay = _RETRY_SECONDS[0]
        while True:
            try:
                since = await self._synchronise(path, store, changed)
                listed()
                delay = _RETRY_SECONDS[0]
                while since:
                    since = await self._watch(path, since, store, changed)
            except (aiohttp.ClientError, TimeoutError, ApiError, ValueError) as error:
                _log.info("watch of %s: %s; listing again in %.1f s", path, error or type(error), delay)
                await asyncio.sleep(delay)
                delay = min(delay * 2, _RETRY_SECONDS[1])

    async def _synchronise(self, path: str, store: dict[str, Object], changed: Callable[[str], None]) -> str:
        listed = await self.request("GET", path)
        found = {key(item): item for item in listed["items"]}
        before = {name: version(item) for name, item in store.items()}
        store.clear()
        store.update(found)
        for name in before.keys() | found.keys():
            if name not in found or before.get(name) != version(found[name]):
                changed(name)
        return version(listed)

    async def _watch(
        self, path: str, since: str, store: dict[str, Object], changed: Callable[[str], None]
    ) -> str:
        """Watches until the server ends it; returns the version to resume from, empty if it has expired."""
        query = f"watch=1&allowWatchBookmarks=true&timeoutSeconds={_WATCH_SECONDS}&resourceVersion={since}"
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=10, sock_read=_WATCH_SECONDS + 30)
        url = f"{self._server}{path}{'&' if '?' in path else '?'}{query}"
        async with self._session.get(url, timeout=timeout) as response:
            if response.status != 200:
                raise ApiError(response.status, await response.text())
            async for line in response.content:
                event = json.loads(line)
                if event["type"] == "ERROR":
                    return ""
                since = version(event["object"])
                if event["type"] == "BOOKMARK":
                    continue
                name = key(event["object"])
                if event["type"] == "DELETED":
                    store.pop(name, None)
                else:
                    store[name] = event["object"]
                changed(name)
        return since


async def _unless(statuses: Set[int], request: Awaitable[Object]) -> bool:
    """Awaits a request; returns False if its response has one of these statuses."""
    try:
        await request
    except ApiError as error:
        if error.status not in statuses:
            raise
        return False
    return True


def impersonating(user: str, group: str) -> dict[str, str]:
    """Headers of a request in the name of another user, who is a member of one group."""
    return {"Impersonate-User": user, "Impersonate-Group": group}


def key(item: Object) -> str:
    """Returns ``namespace/name`` of an object, or only its name."""
    metadata = item["metadata"]
    name: str = metadata["name"]
    return f"{metadata['namespace']}/{name}" if "namespace" in metadata else name


def version(item: Object) -> str:
    """Returns the resource version of an object or a list."""
    text: str = item["metadata"]["resourceVersion"]
    return text


def annotations_of(item: Object) -> Mapping[str, str]:
    """Returns the annotations of an object."""
    found: Mapping[str, str] = item["metadata"].get("annotations") or {}
    return found
