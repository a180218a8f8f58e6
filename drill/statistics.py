"""Statistics of a service from the requests of a poller. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise


@dataclass(frozen=True)
class Request:
    """One request; times in seconds of one clock.

    Attributes:
        start: When it was sent.
        seconds: How long it took.
        error: Why it failed; empty when it succeeded.
    """

    start: float
    seconds: float
    error: str = ""

    @property
    def answered_at(self) -> float:
        """When it ended."""
        return self.start + self.seconds

    @property
    def failed(self) -> bool:
        """Whether it failed."""
        return bool(self.error)


@dataclass(frozen=True)
class Statistics:
    """A service during a drill; times in seconds.

    Attributes:
        requests: Number of requests.
        failures: Of these, failed ones.
        longest_gap: Longest time without a successful answer; about the interval if nothing fails.
        recovery: From the break to the answer of the first request after the last that failed; 0 without a
            failure since the break, None when the last request failed: the service has not recovered.
        slowest: Longest time that a successful request took.
        errors: The distinct errors, most frequent first.
    """

    requests: int
    failures: int
    longest_gap: float
    recovery: float | None
    slowest: float
    errors: tuple[str, ...] = ()


def statistics(requests: Sequence[Request], broken_at: float, until: float) -> Statistics:
    """The statistics of requests in the order of their start.

    Args:
        requests: All of them.
        broken_at: When something was broken.
        until: When the last could have been sent.
    """
    answered = sorted(request.answered_at for request in requests if not request.failed)
    times = sorted([*(request.start for request in requests[:1]), *answered, until]) if requests else []
    errors = [request.error for request in requests if request.failed]
    return Statistics(
        requests=len(requests),
        failures=len(errors),
        longest_gap=max((after - before for before, after in pairwise(times)), default=0.0),
        recovery=_recovery(requests, broken_at),
        slowest=max((request.seconds for request in requests if not request.failed), default=0.0),
        errors=tuple(sorted(set(errors), key=lambda error: (-errors.count(error), error))),
    )


def _recovery(requests: Sequence[Request], broken_at: float) -> float | None:
    back: Request | None = None
    for request in reversed(requests):
        if request.failed:
            return None if back is None else max(back.answered_at - broken_at, 0.0)
        back = request
    return 0.0
