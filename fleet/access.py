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

from components.probe import Target
from components.provider import Properties, unknown
from components.rancher.api import Json, Rancher, RancherError, client
from outputs import RancherStack

ACCESS = ("address", "port", "hostname", "ca_bundle", "token", "server")
"""Inputs that tell how Rancher is reached; ``server`` is the UUID of the cluster that it runs on."""
URL = ("hostname", "port")
"""Those that edge clusters know: with another URL they have to be registered anew."""
REQUIRED = ("cluster_uuid", "ca_bundle", "vip", "rancher_url", "rancher_token", "pod_network")
"""Outputs of the server's stack that the fleet reads."""
_FRESH_SECONDS = 5.0


def inputs(server: RancherStack) -> dict[str, pulumi.Input[Any]]:
    """The access that the server's outputs give."""
    url = pulumi.Output.from_input(server.rancher_url or "").apply(urlsplit)
    return {
        "address": server.vip,
        "port": url.apply(lambda parts: parts.port or 443),
        "hostname": url.apply(lambda parts: parts.hostname),
        "ca_bundle": server.ca_bundle,
        "token": pulumi.Output.secret(server.rancher_token),
        "server": server.cluster_uuid,
    }


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
    return {**properties, **_newest} if _newest.get("server") == properties["server"] else properties


def replaced(properties: Properties) -> bool:
    """Whether the program's server is another one than that of these properties, which is gone then."""
    return bool(_newest) and _newest["server"] != properties["server"]


def session(properties: Mapping[str, Any]) -> Session:
    """The login that the properties tell.

    Raises:
        ProviderError: The CA bundle cannot be read.
    """
    target = Target(
        properties["address"], int(properties["port"]), properties["hostname"], properties["ca_bundle"]
    )
    return _session(target, str(properties["token"]))


_opening = threading.Lock()


def _session(target: Target, token: str) -> Session:
    with _opening:
        return _opened(target, token)


@cache
def _opened(target: Target, token: str) -> Session:
    port = "" if target.port == 443 else f":{target.port}"
    return Session(_rancher(target), token, f"https://{target.hostname}{port}")


@cache
def _rancher(target: Target) -> Rancher:
    return Rancher(client(target), target, ())
