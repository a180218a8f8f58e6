"""The poller sends requests on time, even if earlier ones hang or fail."""

from __future__ import annotations

import threading
import time

import pytest

from components.rancher.https_probe import ProbeError
from drill import polling
from drill.polling import Poller


def _until(done: object) -> None:
    deadline = time.monotonic() + 60
    while not done():  # type: ignore[operator]
        assert time.monotonic() < deadline
        time.sleep(0.005)


def test_it_records_what_became_of_each_request() -> None:
    outcomes = iter([None, ProbeError("TCP", "takes no connection", "Look"), ValueError("odd")])

    def ask() -> None:
        outcome = next(outcomes, None)
        if outcome is not None:
            raise outcome

    with Poller(ask, 0.01) as poller:
        _until(lambda: len(poller.requests) > 5)
    errors = [request.error for request in poller.requests]
    assert sorted(filter(None, errors)) == ["TCP: takes no connection. Look", "ValueError: odd"]
    starts = [request.start for request in poller.requests]
    assert starts == sorted(starts)
    assert poller.last_error in errors


def test_a_request_that_hangs_does_not_keep_the_others() -> None:
    hang, first = threading.Event(), threading.Event()

    def ask() -> None:
        if not first.is_set():
            first.set()
            hang.wait(60)

    with Poller(ask, 0.01) as poller:
        _until(lambda: len(poller.requests) > 20)
        hang.set()
    assert max(request.seconds for request in poller.requests) >= 0.1
    assert len(poller.requests) > 20


def test_an_answer_that_comes_too_late_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(polling, "PATIENCE_SECONDS", 0.05)
    with Poller(lambda: time.sleep(0.1), 0.05) as poller:
        _until(lambda: poller.requests)
    assert {request.error for request in poller.requests} == {"no answer within 0.05 s"}


def test_quiet_is_known_only_after_some_time_without_failure() -> None:
    failing = threading.Event()

    def ask() -> None:
        if failing.is_set():
            raise ProbeError("HTTP", "status 503", "Look")

    start = time.monotonic()
    with Poller(ask, 0.01) as poller:
        assert not poller.steady(0.2, start)
        _until(lambda: poller.steady(0.2, start))
        assert time.monotonic() - start >= 0.2
        failing.set()
        _until(lambda: not poller.steady(0.2, start))
        failing.clear()
        _until(lambda: poller.steady(0.2, start))
