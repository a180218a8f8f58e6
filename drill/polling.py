"""Sends requests to a service at a fixed rate, from its own threads, for as long as a drill lasts."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from types import TracebackType
from typing import Self

from components.runtime.errors import ProviderError
from drill.statistics import Request

_SLOW_SECONDS = 2.0
"""A request without an answer for that long counts as a failure before it ends."""
PATIENCE_SECONDS = 10.0
"""A request that takes longer has failed, even if it is answered in the end: no user waits that long."""
_LONGEST_SECONDS = 40.0
"""How long a request may occupy a thread; the requests' own timeouts are below this."""


class Poller:
    """A context in which requests are sent.

    Each is sent at its time, whether or not earlier ones were answered: a request that waits for a dead
    server must not keep the others from being counted.
    """

    def __init__(self, send: Callable[[], None], interval: float) -> None:
        """Prepare it.

        Args:
            send: Sends one request; raises ProviderError when it fails.
            interval: Seconds from one request to the next.
        """
        self._send = send
        self._interval = interval
        self._requests: list[Request] = []
        self._pending: dict[int, float] = {}
        self._lock = threading.Lock()
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="poller", daemon=True)
        self._pool = ThreadPoolExecutor(math.ceil(_LONGEST_SECONDS / interval))

    def __enter__(self) -> Self:
        """Start sending."""
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop sending, and wait for the answers that are pending."""
        self._stopped.set()
        self._thread.join()
        self._pool.shutdown()

    @property
    def requests(self) -> list[Request]:
        """All requests that have ended, by their start."""
        with self._lock:
            return sorted(self._requests, key=lambda request: request.start)

    def steady(self, seconds: float, since: float) -> bool:
        """Whether all requests of the last ``seconds`` were answered, and in time.

        False until that many seconds have passed after ``since``, on the monotonic clock.
        """
        now = time.monotonic()
        window = max(seconds, 2 * self._interval)
        if now - since < seconds:
            return False
        with self._lock:
            recent = [request for request in self._requests if request.start >= now - window]
            slow = any(start < now - _SLOW_SECONDS for start in self._pending.values())
        return bool(recent) and not slow and not any(request.failed for request in recent)

    @property
    def last_error(self) -> str:
        """Error of the last request that failed; empty if none has."""
        return next((request.error for request in reversed(self.requests) if request.failed), "")

    def _run(self) -> None:
        start = time.monotonic()
        number = 0
        while not self._stopped.wait(max(0.0, start + number * self._interval - time.monotonic())):
            with self._lock:
                self._pending[number] = time.monotonic()
            self._pool.submit(self._one, number)
            number += 1

    def _one(self, number: int) -> None:
        start = self._pending[number]
        error = ""
        try:
            self._send()
        except ProviderError as failure:
            error = str(failure)
        except Exception as failure:
            error = f"{type(failure).__name__}: {failure}"
        seconds = time.monotonic() - start
        if not error and seconds > PATIENCE_SECONDS:
            error = f"no answer within {PATIENCE_SECONDS:g} s"
        with self._lock:
            del self._pending[number]
            self._requests.append(Request(start, seconds, error))
