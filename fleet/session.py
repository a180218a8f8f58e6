"""One connection and one login to the server's Rancher, for everything in the providers' process.

A resource of the fleet carries in its inputs how Rancher is reached, the token as a secret: it is a product
of the server's stack, and ``read`` and ``delete`` get nothing but the resource's state. When the server
renews its token, the next update puts the new one into each resource, without a request.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from functools import cache
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

import pulumi

from components.rancher.api import Json, Rancher, RancherError
from components.rancher.endpoint import RancherEndpoint
from components.runtime.provider import Properties, unknown
from rancher_on_pks.outputs import RancherStack

ACCESS = ("rancher", "token")
"""Inputs that tell how Rancher is reached. ``rancher`` has address, port, hostname, ca_bundle, and as
``server`` the UUID of the cluster that it runs on."""
REQUIRED = ("cluster_uuid", "ca_bundle", "vip", "rancher_url", "rancher_token", "pod_network")
"""Outputs of the server's stack that the fleet reads."""
_FRESH_SECONDS = 5.0


def inputs(server: RancherStack) -> dict[str, pulumi.Input[Any]]:
    """The access that the server's outputs give."""
    known = (server.rancher_url, server.vip, server.ca_bundle, server.cluster_uuid)
    return {
        "rancher": pulumi.Output.all(*known).apply(lambda values: _rancher_of(*values)),
        "token": pulumi.Output.secret(server.rancher_token),
    }


def _rancher_of(url: str, address: str, ca_bundle: str, server: str) -> Properties:
    parts = urlsplit(url)
    where = {"address": address, "port": parts.port or 443, "hostname": parts.hostname or ""}
    return {**where, "ca_bundle": ca_bundle, "server": server}


def other_url(olds: Mapping[str, Any], news: Mapping[str, Any]) -> bool:
    """Whether edge clusters have to be told another URL of Rancher."""
    return any(olds["rancher"][part] != news["rancher"][part] for part in ("hostname", "port"))


def other_server(olds: Mapping[str, Any], news: Mapping[str, Any]) -> bool:
    """Whether it is another Rancher, which knows nothing of what the first one did."""
    return not unknown(news["rancher"]) and bool(olds["rancher"]["server"] != news["rancher"]["server"])


class Session:
    """A login to one Rancher. What it lists is kept for a moment, for all sites together."""

    def __init__(self, rancher: Rancher, token: str, url: str) -> None:
        """Use ``session`` instead."""
        self._rancher, self._token, self.url = rancher, token, url
        self._lists: dict[str, tuple[float, list[Json]]] = {}
        self._listing = threading.Lock()

    def call(self, method: str, path: str, body: object = None) -> Json:
        """One request.

        Raises:
            RancherError: Refused, or no answer.
        """
        try:
            return self._rancher.call(method, path, body, token=self._token)
        except RancherError as error:
            if error.status != HTTPStatus.UNAUTHORIZED:
                raise
            raise RancherError(
                error.status,
                f"{error}. The token of the server's stack is no longer good: run `pulumi up` in that stack, "
                "which renews it, and then here",
            ) from None

    def text(self, path: str) -> str:
        """The text at a path that needs no login."""
        return self._rancher.text("GET", path)

    def all(self, kind: str, fresh: float = _FRESH_SECONDS) -> list[Json]:
        """Every object of a kind (``clusters``), as of at most ``fresh`` seconds ago; one request for all."""
        with self._listing:
            when, found = self._lists.get(kind, (0.0, []))
            if time.monotonic() - when > fresh or kind not in self._lists:
                found = list(self._pages(f"/v3/{kind}?limit=1000"))
                self._lists[kind] = (time.monotonic(), found)
            return found

    def _pages(self, path: str) -> list[Json]:
        found: list[Json] = []
        while path:
            page = self.call("GET", path)
            found += page.get("data") or []
            following = urlsplit((page.get("pagination") or {}).get("next") or "")
            path = f"{following.path}?{following.query}" if following.path else ""
        return found


_newest: dict[str, Any] = {}
"""The access that the running program has; a resource's state may hold an older one."""


def learn(properties: Mapping[str, Any]) -> None:
    """Note the access of a resource that the program declares now, for the deletions at its end."""
    values = {name: properties.get(name) for name in ACCESS}
    if not unknown(*values.values()):
        _newest.update(values)


def newest(properties: Properties) -> Properties:
    """Properties with the token that is good now, when the program has told it in this process."""
    return properties if not _newest or other_server(properties, _newest) else {**properties, **_newest}


def replaced(properties: Properties) -> bool:
    """Whether the program's server is another one than that of these properties, which is gone then."""
    return bool(_newest) and other_server(properties, _newest)


def session(properties: Mapping[str, Any]) -> Session:
    """The login that the properties tell.

    Raises:
        ProviderError: The CA bundle cannot be read.
    """
    where = properties["rancher"]
    target = RancherEndpoint.of(where)
    return _session(target, str(properties["token"]))


_opening = threading.Lock()


def _session(target: RancherEndpoint, token: str) -> Session:
    with _opening:
        return _opened(target, token)


@cache
def _opened(target: RancherEndpoint, token: str) -> Session:
    port = "" if target.port == 443 else f":{target.port}"
    return Session(_rancher(target), token, f"https://{target.hostname}{port}")


@cache
def _rancher(target: RancherEndpoint) -> Rancher:
    return Rancher(target)
