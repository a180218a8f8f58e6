"""Bounded waiting."""

from __future__ import annotations

import logging

import pytest

from components.runtime import waiting
from components.runtime.waiting import wait
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
