"""Common parts of the lab's asyncio daemons."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Coroutine
from contextlib import suppress


async def run(work: Coroutine[None, None, None]) -> None:
    """Runs ``work`` until it ends or the process gets SIGTERM or SIGINT, which cancels it."""
    task = asyncio.ensure_future(work)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, task.cancel)
    with suppress(asyncio.CancelledError):
        await task


async def wait(event: asyncio.Event, seconds: float | None) -> None:
    """Waits for ``event``, at most for this time; None waits forever."""
    # Python 3.11's wait_for loses a cancellation that comes together with the event.
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await event.wait()
