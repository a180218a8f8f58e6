"""Rancher's global settings: ``/v3/settings``."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator

from aiohttp import web

from lab.rancher.answers import answer, created
from lab.rancher.context import CONTEXT, Call, Context, RefusalError
from lab.rancher.release import Setting, settings_of
from lab.rancher.resource import Resource
from lab.rancher.state import Object

_URL = "server-url"
_URL_SPREADS_SECONDS = 4.5
"""Time until a new server-url appears in the registration tokens, as measured."""


def agents_url(context: Context, made: float) -> str:
    """Returns the URL for a registration token created at ``made``; empty if there is none yet."""
    entry = context.state.settings.get(_URL, {})
    if not entry:
        return ""
    fresh = made >= entry["changed"] or context.clock() >= entry["changed"] + _URL_SPREADS_SECONDS
    url: str = entry["value"] if fresh else entry["previous"]
    return url


async def public(request: web.Request) -> web.Response | None:
    """Returns the public setting that a request without a login asks for; else None."""
    context = request.app[CONTEXT]
    known = settings_of(context.release).get(request.path.removeprefix("/v3/settings/"))
    if known is None or not known.public or request.method != "GET":
        return None
    return answer(_shown(context, f"https://{request.host}", known))


def _shown(context: Context, base: str, known: Setting) -> Object:
    kept = context.state.setting(known.name)
    source = "db" if kept else known.source
    url = f"{base}/v3/settings/{known.name}"
    verbs = ("remove", "self") if known.source == "env" else ("remove", "self", "update")
    return {
        "id": known.name,
        "name": known.name,
        "type": "setting",
        "baseType": "setting",
        **created(context.state.created),
        "creatorId": None,
        "customized": source == "db",
        "default": known.default,
        "links": dict.fromkeys(verbs, url),
        "source": source,
        "uuid": str(uuid.uuid5(uuid.UUID(context.state.install_uuid), known.name)),
        "value": kept or _default_value(context, known),
    }


def _default_value(context: Context, known: Setting) -> str:
    """Returns the default value of a setting."""
    given: dict[str, Callable[[], str]] = {
        "cacerts": context.ca,
        "install-uuid": lambda: context.state.install_uuid,
        "server-version": context.version,
        "agent-image": lambda: f"rancher/rancher-agent:{context.version()}",
        "system-default-registry": lambda: context.environment().get("CATTLE_SYSTEM_DEFAULT_REGISTRY", ""),
    }
    return given[known.name]() if known.name in given else known.default


def _all(call: Call) -> Iterator[Object]:
    for known in settings_of(call.context.release).values():
        yield _shown(call.context, call.base, known)


def _update(call: Call, name: str) -> Object:
    """Accepts any value, even for server-url, which is not checked to be a URL."""
    known = settings_of(call.context.release)[name]
    if name == "cacerts":
        raise RefusalError(405, "MethodNotAllow", "cacerts is readOnly")
    if known.source == "env":
        message = f"{name} is readOnly because its value is from environment variable"
        raise RefusalError(405, "MethodNotAllow", message)
    value, before = call.text("value"), call.state.setting(name)
    if value != before:
        call.state.settings[name] = {"value": value, "changed": call.now, "previous": before}
    return _shown(call.context, call.base, known)


RESOURCE = Resource(singular="setting", all=_all, update=_update, filters=("name", "id", "source"))
