"""Answers as norman, the framework of Rancher's /v3 API, writes them."""

from __future__ import annotations

import datetime
import json
from collections.abc import Iterable, Sequence

from aiohttp import web

from lab.rancher.context import Call
from lab.rancher.state import Object


def answer(body: Object | None, status: int = 200) -> web.Response:
    """JSON without a charset in its type, as Rancher sends it; None for an empty body."""
    content = b"" if body is None else json.dumps(body, sort_keys=True).encode()
    return web.Response(body=content, status=status, headers={"Content-Type": "application/json"})


def stamp(seconds: float) -> str:
    """A time as Kubernetes writes it."""
    return datetime.datetime.fromtimestamp(int(seconds), datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def created(seconds: float) -> Object:
    """The two fields that tell when an object was made."""
    return {"created": stamp(seconds), "createdTS": int(seconds) * 1000}


def condition(kind: str, status: str, when: float | None = None, message: str = "") -> Object:
    """An entry of an object's conditions."""
    entry: Object = {"type": kind, "status": status}
    if when is not None:
        entry["lastUpdateTime"] = stamp(when)
    if message:
        entry["message"] = message
    return entry


def settled() -> Object:
    """The state of an object with which nothing is going on."""
    return {"state": "active", "transitioning": "no", "transitioningMessage": ""}


def links(call: Call, plural: str, name: str, verbs: Sequence[str] = ("remove", "self", "update")) -> Object:
    """An object's links to itself."""
    return dict.fromkeys(verbs, f"{call.base}/v3/{plural}/{name}")


def collection(
    call: Call, singular: str, plural: str, data: Iterable[Object], actions: Sequence[str]
) -> Object:
    """A list of objects."""
    found = list(data)
    url = f"{call.base}/v3/{plural}"
    return {
        "type": "collection",
        "resourceType": singular,
        "actions": {action: f"{url}?action={action}" for action in actions},
        "createTypes": {singular: url},
        "data": found,
        "filters": {name: [{"modifier": "eq", "value": value}] for name, value in call.request.query.items()},
        "links": {"self": url},
        "pagination": {"limit": 1000, "total": len(found)},
        "sort": {"order": "asc", "reverse": f"{url}?order=desc", "links": {}},
    }
