"""Work to be done, each item once, some of it later."""

from __future__ import annotations

import asyncio
import contextlib
import time
from typing import NamedTuple


class Item(NamedTuple):
    """One thing to reconcile: ``kind`` chooses the handler, ``key`` is ``namespace/name`` or a name."""

    kind: str
    key: str


class WorkQueue:
    """Items with the time from which they may be handled; adding one again keeps the earlier time."""

    def __init__(self) -> None:
        self._due: dict[Item, float] = {}
        self._changed = asyncio.Event()

    def add(self, item: Item, delay: float = 0.0) -> None:
        """Hand ``item`` out in ``delay`` seconds."""
        due = time.monotonic() + delay
        if due < self._due.get(item, float("inf")):
            self._due[item] = due
            self._changed.set()

    async def get(self) -> Item:
        """The next item that is due; it is the queue's no more."""
        while True:
            self._changed.clear()
            item = min(self._due, key=self._due.__getitem__, default=None)
            wait = None if item is None else self._due[item] - time.monotonic()
            if item is not None and wait is not None and wait <= 0:
                del self._due[item]
                return item
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._changed.wait(), wait)
