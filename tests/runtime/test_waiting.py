"""Bounded waiting."""

from __future__ import annotations

import logging

import pytest

from components.runtime import waiting
from components.runtime.errors import ProviderError, TransientError
from components.runtime.waiting import WaitTimeoutError, wait
from tests.pks.conftest import Clock


def test_it_reports_once_a_minute(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    clock = Clock()
    monkeypatch.setattr(waiting, "time", clock)

    def poll() -> tuple[str, bool | None]:
        return "busy", True if clock.now >= 290 else None

    with caplog.at_level(logging.INFO, "rancher-on-pks"):
        assert wait("thing", poll, timeout=600, resume="") is True
    assert len(caplog.records) == 4
    assert caplog.records[0].getMessage() == "thing: busy (1 min)"


def test_a_transient_error_ends_no_wait_and_any_other_does(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waiting, "time", Clock())
    errors: list[ProviderError] = [TransientError("no answer"), TransientError("no answer")]

    def poll() -> tuple[str, bool | None]:
        if errors:
            raise errors.pop(0)
        return "done", True

    assert wait("thing", poll, timeout=600, resume="") is True
    errors[:] = [TransientError("still no answer")] * 9
    with pytest.raises(WaitTimeoutError, match=r"last state: still no answer. Look there"):
        wait("thing", poll, timeout=1, resume="Look there")
    errors[:] = [ProviderError("refused")]
    with pytest.raises(ProviderError, match="refused"):
        wait("thing", poll, timeout=600, resume="")
