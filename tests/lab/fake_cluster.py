"""A cluster without an API server, for tests of NCP."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

from lab.cluster.api import KubernetesApi, Object


class FakeApi(KubernetesApi):
    """A cluster whose objects are those of NCP's own stores."""

    def __init__(self, objects: dict[str, Object]) -> None:
        self.objects = objects
        self.created: dict[str, Object] = {}

    async def create(self, path: str, body: Object, caller: Mapping[str, str] | None = None) -> bool:
        key = f"{path}/{body['metadata']['name']}"
        return self.created.setdefault(key, body) is body

    async def patch(self, path: str, body: Object) -> bool:
        path = path.removesuffix("/status")
        _merge(self.objects[path], body)
        return True

    async def delete(self, path: str) -> bool:
        return self.created.pop(path, None) is not None

    async def follow(
        self,
        path: str,
        store: dict[str, Object],
        changed: Callable[[str], None],
        listed: Callable[[], None],
    ) -> None:
        for key in store:
            changed(key)
        listed()
        await asyncio.Event().wait()

    def errors(self) -> list[str]:
        """Messages of the NSXError objects."""
        return [
            body["spec"]["message"][0] for body in self.created.values() if body.get("kind") == "NSXError"
        ]


def _merge(target: dict[str, Any], change: dict[str, Any]) -> None:
    for name, value in change.items():
        if value is None:
            target.pop(name, None)
        elif isinstance(value, dict):
            _merge(target.setdefault(name, {}), value)
        else:
            target[name] = value
