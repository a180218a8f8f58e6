"""A work queue without duplicates, with delays."""

from __future__ import annotations

import asyncio
import time
from typing import NamedTuple

from lab.daemon import wait


class Item(NamedTuple):
    """One item to reconcile: ``kind`` selects the handler, ``key`` is ``namespace/name`` or a name."""

    kind: str
    key: str


class WorkQueue:
    """Items with the time at which they are due; adding an item again keeps the earlier time."""

    def __init__(self) -> None:
        self._due: dict[Item, float] = {}
        self._changed = asyncio.Event()

    def add(self, item: Item, delay: float = 0.0) -> None:
        """Makes ``item`` due in ``delay`` seconds."""
        due = time.monotonic() + delay
        if due < self._due.get(item, float("inf")):
            self._due[item] = due
            self._changed.set()

    async def get(self) -> Item:
        """Returns the next due item and removes it from the queue."""
        while True:
            self._changed.clear()
            item = min(self._due, key=self._due.__getitem__, default=None)
            pause = None if item is None else self._due[item] - time.monotonic()
            if item is not None and pause is not None and pause <= 0:
                del self._due[item]
                return item
            await wait(self._changed, pause)
