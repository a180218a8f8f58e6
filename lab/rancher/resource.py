"""One kind of object of the /v3 API, and the request handling common to all kinds."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from aiohttp import web

from lab.rancher.answers import answer, collection
from lab.rancher.context import Call, RefusalError, not_found
from lab.rancher.state import Object

Action = Callable[[Call, str], web.Response]
"""An action on the object with an id; on the collection the id is empty."""


@dataclass(frozen=True, kw_only=True)
class Resource:
    """A kind of object. Operations that are None are not supported."""

    singular: str
    all: Callable[[Call], Iterable[Object]]
    """Returns the objects in their API form; those without an id are skipped."""
    create: Callable[[Call], Object] | None = None
    update: Callable[[Call, str], Object] | None = None
    delete: Callable[[Call, str], Object | None] | None = None
    """Creates an object and returns the response; None gives an empty body."""
    actions: Mapping[str, Action] = field(default_factory=dict)
    """Actions on one object."""
    collection_actions: Mapping[str, Action] = field(default_factory=dict)
    shown_actions: tuple[str, ...] = ()
    """Actions on the collection."""
    filters: tuple[str, ...] = ()
    """Fields by which a list can be filtered; other query fields are ignored."""
    counted: bool = True
    """Whether a list includes its number of objects."""
    may_create: Callable[[Call], bool] = lambda _call: False
    """Whether a user other than an administrator may create one."""
    scope: Callable[[Call], str] = lambda _call: "at the cluster scope"
    """Scope of a creation, for the error message."""

    @property
    def plural(self) -> str:
        return f"{self.singular}s"

    @property
    def full_name(self) -> str:
        """The kind's full name in Kubernetes."""
        return f"{self.plural.lower()}.management.cattle.io"

    def find(self, call: Call, name: str) -> Object:
        """Returns the object in its API form.

        Raises:
            RefusalError: It does not exist.
        """
        for item in self.all(call):
            if item["id"] == name:
                return item
        raise not_found(self.full_name, name.rpartition(":")[2])

    def on_collection(self, call: Call) -> web.Response:
        """Handles a request for ``/v3/<plural>``."""
        if call.request.method == "GET":
            listed = collection(call, self.singular, self.plural, self._filtered(call), self.shown_actions)
            if not self.counted:
                del listed["pagination"]["total"]
            return answer(listed)
        if call.request.method != "POST":
            raise _not_allowed(call)
        if action := call.request.query.get("action"):
            return _action(self.collection_actions, action)(call, "")
        if self.create is None:
            raise _not_allowed(call)
        made = self.create(call)
        call.context.commit()
        return answer(made, 201)

    def on_item(self, call: Call, name: str) -> web.Response:
        """Handles a request for ``/v3/<plural>/<name>``."""
        found = self.find(call, name)
        method = call.request.method
        if method == "GET":
            return answer(found)
        if method == "POST":
            return _action(self.actions, call.request.query.get("action", ""))(call, name)
        change = {"PUT": self.update, "DELETE": self.delete}.get(method)
        if change is None:
            raise _not_allowed(call)
        body = change(call, name)
        call.context.commit()
        return answer(body, 200 if body else 204)

    def _filtered(self, call: Call) -> Iterable[Object]:
        wanted = {name: call.request.query[name] for name in self.filters if name in call.request.query}
        for item in self.all(call):
            if all(_text(item.get(name)) == value for name, value in wanted.items()):
                yield item


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _action(known: Mapping[str, Action], name: str) -> Action:
    if name not in known:
        raise RefusalError(422, "InvalidAction", f"Invalid action: {name}")
    return known[name]


def _not_allowed(call: Call) -> RefusalError:
    return RefusalError(405, "MethodNotAllow", f"Method {call.request.method} not supported")
