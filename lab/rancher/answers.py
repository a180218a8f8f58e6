"""Responses in the format of norman, the framework of Rancher's /v3 API."""

from __future__ import annotations

import datetime
import json
from collections.abc import Iterable, Sequence
from typing import Any

from aiohttp import web

from lab.rancher.context import Call
from lab.rancher.state import Object


def answer(body: Object | None, status: int = 200) -> web.Response:
    """Returns JSON without a charset in its content type, as Rancher does; None gives an empty body."""
    content = b"" if body is None else json.dumps(body, sort_keys=True).encode()
    return web.Response(body=content, status=status, headers={"Content-Type": "application/json"})


def stamp(seconds: float) -> str:
    """Formats a time as Kubernetes does."""
    return datetime.datetime.fromtimestamp(int(seconds), datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def created(seconds: float) -> Object:
    """Returns the two fields with an object's creation time."""
    return {"created": stamp(seconds), "createdTS": int(seconds) * 1000}


def condition(kind: str, status: str, when: float | None = None, message: str = "") -> Object:
    """Returns an entry of an object's conditions."""
    entry: Object = {"type": kind, "status": status}
    if when is not None:
        entry["lastUpdateTime"] = stamp(when)
    if message:
        entry["message"] = message
    return entry


def settled() -> Object:
    """Returns the state fields of an object without a pending transition."""
    return {"state": "active", "transitioning": "no", "transitioningMessage": ""}


def links(call: Call, kind: str, name: str, verbs: Sequence[str] = ("remove", "self", "update")) -> Object:
    """Returns an object's links to itself."""
    return dict.fromkeys(verbs, f"{call.base}/v3/{kind}s/{name}")


def shown(call: Call, kind: str, item: Object, **own: Any) -> Object:
    """Returns the API form of a record: the fields of every kind, and its ``own`` instead or in addition."""
    creator = item.get("creatorId")
    return {
        "id": item["id"],
        "type": kind,
        "baseType": kind,
        "name": item.get("name"),
        **created(item["created"]),
        "annotations": {},
        "creatorId": creator,
        "labels": {"cattle.io/creator": "norman"} if creator else {},
        "links": links(call, kind, item["id"]),
        "uuid": item.get("uuid"),
        **own,
    }


def collection(
    call: Call, singular: str, plural: str, data: Iterable[Object], actions: Sequence[str]
) -> Object:
    """Returns a list of objects."""
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
