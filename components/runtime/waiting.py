"""Bounded waiting and retries. The intervals of every wait are here."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from components.runtime.errors import ProviderError, TransientError, log

T = TypeVar("T")

Poll = Callable[[], "tuple[str, T | None]"]
"""Returns the observed state in words, and the result once there is one. A TransientError ends no wait."""


@dataclass(frozen=True)
class Pace:
    """Seconds between two polls: the first pause, and the longest one."""

    first: float
    longest: float


class WaitTimeoutError(ProviderError):
    """A wait has passed its deadline."""


QUICK = Pace(0.1, 2.0)
"""For what takes seconds: objects of an API, tasks of vCenter."""
STEADY = Pace(0.3, 10.0)
"""For what takes minutes: pods, load balancers, DNS, agents."""
LONG = Pace(2.0, 30.0)
"""For what takes half an hour: clusters of virtual machines."""

_REPORT_SECONDS = 60.0
_ATTEMPTS = 4
_RETRY_SECONDS = 60.0


def wait(what: str, poll: Poll[T], *, timeout: float, resume: str, pace: Pace = STEADY) -> T:
    """Call ``poll`` until it returns a result.

    The pause grows with the time already waited (a tenth of it, within the bounds of ``pace``): the end is
    noticed soon, and a long wait makes few calls. The state is logged once a minute.

    Args:
        what: The thing waited for, for messages.
        poll: See ``Poll``.
        timeout: Deadline in seconds.
        resume: How to continue after a timeout.
        pace: Seconds between two polls.

    Raises:
        WaitTimeoutError: The deadline passed. The message has the last state and ``resume``.
    """
    start = reported = time.monotonic()
    while True:
        try:
            state, result = poll()
        except TransientError as error:
            state, result = str(error), None
        if result is not None:
            return result
        now = time.monotonic()
        if now - start >= timeout:
            raise WaitTimeoutError(
                f"{what}: not done after {timeout / 60:g} minutes; last state: {state}. {resume}",
                "timeout_minutes",
            )
        if now - reported >= _REPORT_SECONDS:
            log.info("%s: %s (%d min)", what, state, (now - start) // 60)
            reported = now
        pause = min(max(pace.first, (now - start) / 10), pace.longest, start + timeout - now)
        time.sleep(max(pause, 0.0))


def retry(call: Callable[[], T], *, attempts: int = _ATTEMPTS, within: float = _RETRY_SECONDS) -> T:
    """Repeat a call that is safe to repeat while it raises TransientError, with growing random pauses.

    A pause is at least as long as the error's ``retry_after``. No pause ends later than ``within`` seconds
    after the first try.
    """
    from tenacity import (  # noqa: PLC0415 - a preview without changes calls nothing
        RetryCallState,
        Retrying,
        retry_if_exception_type,
        stop_after_attempt,
        stop_before_delay,
        wait_random_exponential,
    )

    backoff = wait_random_exponential(multiplier=0.5, max=8)

    def pause(state: RetryCallState) -> float:
        error = state.outcome.exception() if state.outcome else None
        asked = error.retry_after if isinstance(error, TransientError) else 0.0
        return max(backoff(state), asked)

    repeated = Retrying(
        retry=retry_if_exception_type(TransientError),
        stop=stop_after_attempt(attempts) | stop_before_delay(within),
        wait=pause,
        reraise=True,
    )
    return repeated(call)
