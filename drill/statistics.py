"""What the requests of a poller say about a service. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Request:
    """One request; times in seconds of one clock.

    Attributes:
        start: When it was sent.
        seconds: How long it took.
        error: Why it failed; empty when it was answered well.
    """

    start: float
    seconds: float
    error: str = ""

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
        longest_gap: Longest time in which no request could have been sent that is answered well.
        recovery: From the break to the first request after the last failure; 0 without a failure since the
            break, None when the last request failed: the service is not back.
        slowest: Longest time that an answered request took.
        errors: The different errors, most frequent first.
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
        requests: Those sent before ``until``.
        broken_at: When something was broken.
        until: When the last could have been sent: a gap that has not ended is as long as up to then.
    """
    gaps, gap_since = [0.0], None
    last_failure_answered_by: float | None = broken_at
    for request in requests:
        if request.failed:
            gap_since = request.start if gap_since is None else gap_since
        elif gap_since is not None:
            gaps.append(request.start - gap_since)
            gap_since = None
            last_failure_answered_by = max(request.start, broken_at)
    if gap_since is not None:
        gaps.append(max(until, requests[-1].start) - gap_since)
        last_failure_answered_by = None
    errors = [request.error for request in requests if request.failed]
    return Statistics(
        requests=len(requests),
        failures=len(errors),
        longest_gap=max(gaps),
        recovery=None if last_failure_answered_by is None else last_failure_answered_by - broken_at,
        slowest=max((request.seconds for request in requests if not request.failed), default=0.0),
        errors=tuple(sorted(set(errors), key=lambda error: (-errors.count(error), error))),
    )
