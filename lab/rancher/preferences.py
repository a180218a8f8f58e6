"""User preferences: ``/v3/preferences``. A user's first preference creates a namespace for the user."""

from __future__ import annotations

from collections.abc import Iterator

from lab.rancher import sprawl
from lab.rancher.answers import shown
from lab.rancher.context import Call, Context, RefusalError
from lab.rancher.resource import Resource
from lab.rancher.state import Object


def forget(context: Context, user_id: str) -> None:
    """Removes a user's preferences and the user's namespace."""
    own = [key for key in context.state.preferences if key.startswith(f"{user_id}/")]
    for key in own:
        del context.state.preferences[key]
    if own:
        sprawl.schedule_deletion(context, "users", [user_id])


def _shown(call: Call, item: Object) -> Object:
    named = {**item, "id": item["name"], "creatorId": item["userId"]}
    return shown(call, "preference", named, namespaceId=item["userId"], value=item["value"])


def _all(call: Call) -> Iterator[Object]:
    for item in call.state.preferences.values():
        if item["userId"] == call.user["id"]:
            yield _shown(call, item)


def _create(call: Call) -> Object:
    [name] = call.required("name")
    key = f"{call.user['id']}/{name}"
    if key in call.state.preferences:
        raise RefusalError(409, "AlreadyExists", f'preferences.management.cattle.io "{name}" already exists')
    fields = {"name": name, "value": call.text("value"), "userId": call.user["id"]}
    return _shown(call, call.context.record(call.state.preferences, key, **fields))


def _update(call: Call, name: str) -> Object:
    item = call.state.preferences[f"{call.user['id']}/{name}"]
    item["value"] = call.text("value")
    return _shown(call, item)


RESOURCE = Resource(singular="preference", all=_all, create=_create, update=_update, filters=("name",))
