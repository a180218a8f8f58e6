"""What every handler of Rancher's API works with: the state, the release, the time, and who asks."""

from __future__ import annotations

import json
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aiohttp import web

from lab.rancher.release import Release, settings_of
from lab.rancher.state import Object, State


class RefusalError(Exception):
    """A request that Rancher answers with an error object.

    Attributes are those of the object: status, code (norman's name of the error), message, fieldName.
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
    """A body that Rancher does not take."""
    return RefusalError(422, "InvalidBodyContent", message)


def missing(field_name: str) -> RefusalError:
    """A body without a field that must be there."""
    return RefusalError(422, "MissingRequired", field_name=field_name)


def not_found(what: str, name: str) -> RefusalError:
    """``what`` is a resource's full name, such as ``clusters.management.cattle.io``."""
    return RefusalError(404, "NotFound", f'{what} "{name}" not found')


@dataclass
class Context:
    """One Rancher."""

    state: State
    version: Callable[[], str]
    """Asked for with each request: an upgrade changes it."""
    path: Path | None = None
    """Where the state is kept; None keeps it in memory."""
    seed: str = ""
    """Identity of the cluster, from which names come that must not change."""
    clock: Callable[[], float] = time.time
    ca: Callable[[], str] = str
    """The private CA that Rancher was given, PEM; empty without one."""
    fault: Callable[[], Mapping[str, Any]] = dict
    """Fault ``rancher`` of the lab, see ``lab.rancher``."""
    changed: Callable[[], None] = field(default=lambda: None)
    """Called after each change of the state."""
    namespaces: Callable[[], Awaitable[list[str]]] | None = None
    """Names of the namespaces of the cluster that Rancher runs on; None without a cluster."""

    @property
    def release(self) -> Release:
        """The release that runs now."""
        return Release(self.version())

    def setting(self, name: str) -> str:
        """A setting's value, its default when it was not set; empty when the release lacks it."""
        known = settings_of(self.release).get(name)
        return (self.state.setting(name) or known.default) if known else ""

    def commit(self) -> None:
        """Keep the state, after a change of it."""
        self.state.save(self.path)
        self.changed()


CONTEXT: web.AppKey[Context] = web.AppKey("context", Context)


@dataclass(frozen=True)
class Call:
    """One request of somebody who is logged in."""

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
        """URL under which the client reached Rancher; it is behind TLS always."""
        return f"https://{self.request.host}"

    def text(self, name: str) -> str:
        """A field of the body that is a text; empty when it is absent or something else."""
        value = self.body.get(name)
        return value if isinstance(value, str) else ""


async def read_body(request: web.Request) -> Object:
    """The JSON object that a request carries; empty without one.

    Raises:
        RefusalError: The body is something else.
    """
    text = await request.text()
    try:
        value = json.loads(text) if text.strip() else {}
    except ValueError:
        raise invalid("Failed to parse body") from None
    if not isinstance(value, dict):
        raise invalid("Failed to parse body")
    return value
