"""Asks a service at a fixed rate, from threads of its own, for as long as a drill lasts."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from types import TracebackType
from typing import Self

from components.rancher.https_probe import ProbeError
from components.runtime.errors import ProviderError
from drill.statistics import Request

_SLOW_SECONDS = 2.0
"""A request that has had no answer for so long is taken for trouble before it ends."""
PATIENCE_SECONDS = 10.0
"""A request that takes longer is failed, whatever comes at last: nobody waits that long."""
_LONGEST_SECONDS = 40.0
"""How long a request may hold a thread; what asks has its own limits below this."""


class Poller:
    """A context in which a service is asked.

    Requests are sent at their time whether or not earlier ones were answered: one that waits for a dead
    server must not keep the others from being counted.
    """

    def __init__(self, ask: Callable[[], None], interval: float) -> None:
        """Prepare it.

        Args:
            ask: One request; raises ProbeError or ProviderError when it is not answered well.
            interval: Seconds from one to the next.
        """
        self._ask = ask
        self._interval = interval
        self._requests: list[Request] = []
        self._pending: dict[int, float] = {}
        self._lock = threading.Lock()
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="poller", daemon=True)
        self._pool = ThreadPoolExecutor(math.ceil(_LONGEST_SECONDS / interval))

    def __enter__(self) -> Self:
        """Begin to ask."""
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Ask no more, and wait for the answers that are due."""
        self._stopped.set()
        self._thread.join()
        self._pool.shutdown()

    @property
    def requests(self) -> list[Request]:
        """All that have ended, by their start."""
        with self._lock:
            return sorted(self._requests, key=lambda request: request.start)

    def quiet(self, seconds: float, since: float) -> bool:
        """Whether all requests of the last so many seconds were answered well and in time.

        It is not known before so many seconds have passed after ``since``, on the monotonic clock.
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
        """Error of the last request that failed; empty without one."""
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
            self._ask()
        except (ProbeError, ProviderError) as failure:
            error = str(failure)
        except Exception as failure:
            error = f"{type(failure).__name__}: {failure}"
        seconds = time.monotonic() - start
        if not error and seconds > PATIENCE_SECONDS:
            error = f"no answer within {PATIENCE_SECONDS:g} s"
        with self._lock:
            del self._pending[number]
            self._requests.append(Request(start, seconds, error))
