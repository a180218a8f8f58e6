"""Context of the handlers of Rancher's API: the state, the release, the time and the caller."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import Any, Protocol

from aiohttp import web

from lab.rancher.release import Release, settings_of
from lab.rancher.state import Object, Objects, State


class RefusalError(Exception):
    """A request to which Rancher responds with an error object.

    The attributes are those of the object: status, code (norman's name of the error), message, fieldName.
    """

    def __init__(self, status: int, code: str, message: str = "", field_name: str = "") -> None:
        super().__init__(f"{status} {code}: {message}")
        self.status = status
        self.body: Object = {
            "baseType": "error",
            "code": code,
            "message": message,
            "status": status,
            "type": "error",
        }
        if field_name:
            self.body["fieldName"] = field_name


def invalid(message: str) -> RefusalError:
    """Returns the error for an invalid body."""
    return RefusalError(422, "InvalidBodyContent", message)


def missing(field_name: str) -> RefusalError:
    """Returns the error for a missing required field."""
    return RefusalError(422, "MissingRequired", field_name=field_name)


def not_found(what: str, name: str) -> RefusalError:
    """Returns the error for an unknown object of a kind such as ``clusters.management.cattle.io``."""
    return RefusalError(404, "NotFound", f'{what} "{name}" not found')


class Storage(Protocol):
    """Keeps the state: ``lab.rancher.store``."""

    async def install(self) -> None:
        """Makes the cluster able to keep it."""

    def request(self, call: Call) -> AbstractAsyncContextManager[None]:
        """Stores what a request changes; undoes all of it when its object is denied."""

    async def write(self, state: State) -> bool:
        """Stores what Rancher itself has changed; returns whether there are new objects."""

    def holds(self, project: str) -> bool:
        """Whether the object of a project exists."""

    @property
    def is_waiting(self) -> bool:
        """Whether the API server did not accept objects of Rancher itself, which goes on trying."""


@dataclass
class Context:
    """One Rancher server."""

    state: State
    version: Callable[[], str]
    """Called for each request, because an upgrade changes the version."""
    store: Storage | None = None
    """Keeps the state in the cluster's API; None keeps it in memory."""
    seed: str = ""
    """Identity of the cluster, the seed of stable names."""
    clock: Callable[[], float] = time.time
    ca: Callable[[], str] = str
    """The private CA that Rancher was configured with, PEM; empty without one."""
    environment: Callable[[], Mapping[str, str]] = dict
    """Variables of the serving pod; they set settings."""
    secret: Callable[[str], Object | None] = lambda _: None
    """A Secret in Rancher's namespace, by its name."""
    fault: Callable[[], Mapping[str, Any]] = dict
    """Fault ``rancher`` of the lab."""
    changed: Callable[[], None] = field(default=lambda: None)
    """Called after each change to the state."""
    forward: Callable[[str, str, Object | None, str], Awaitable[Object]] | None = None
    """Sends a request (method, path, body, media type) to the API of the cluster that Rancher runs on; None
    without a cluster."""

    @property
    def release(self) -> Release:
        """The release that runs now."""
        return Release(self.version())

    def setting(self, name: str) -> str:
        """Returns a setting's value or its default; empty if the release lacks the setting."""
        known = settings_of(self.release).get(name)
        return (self.state.setting(name) or known.default) if known else ""

    @property
    def agent_image(self) -> str:
        """The image of agents: with the default registry, which is the setting system-default-registry."""
        registry = self.environment().get("CATTLE_SYSTEM_DEFAULT_REGISTRY", "").rstrip("/")
        return "/".join(filter(None, (registry, f"rancher/rancher-agent:{self.version()}")))

    def record(self, store: Objects, key: str, **fields: Any) -> Object:
        """Adds the record of a new object to ``store``, one of the state's, and returns it."""
        store[key] = {"id": key, "uuid": str(uuid.uuid4()), "created": self.clock(), **fields}
        return store[key]

    def commit(self) -> None:
        """Announces a change of the state, which is stored before the response to a request."""
        self.changed()


CONTEXT: web.AppKey[Context] = web.AppKey("context", Context)


@dataclass(frozen=True)
class Call:
    """One authenticated request."""

    context: Context
    request: web.Request
    user: Object
    token: Object
    body: Object

    @property
    def state(self) -> State:
        return self.context.state

    @property
    def now(self) -> float:
        return self.context.clock()

    @property
    def base(self) -> str:
        """URL under which the client reached Rancher, which is always behind TLS."""
        return f"https://{self.request.host}"

    def text(self, name: str) -> str:
        """Returns a text field of the body; empty if it is missing or has another type."""
        value = self.body.get(name)
        return value if isinstance(value, str) else ""

    def required(self, *names: str) -> list[str]:
        """Returns text fields of the body.

        Raises:
            RefusalError: One of them is missing.
        """
        for name in names:
            if not self.text(name):
                raise missing(name)
        return [self.text(name) for name in names]


async def read_body(request: web.Request) -> Object:
    """Returns the JSON object of a request's body; empty without a body.

    Raises:
        RefusalError: The body is not a JSON object.
    """
    text = await request.text()
    try:
        value = json.loads(text) if text.strip() else {}
    except ValueError:
        raise invalid("Failed to parse body") from None
    if not isinstance(value, dict):
        raise invalid("Failed to parse body")
    return value
