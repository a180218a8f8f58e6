"""The generated password."""

from __future__ import annotations

import pytest

from components.rancher.password import PasswordProvider


def test_a_generated_password_is_long_and_made_once() -> None:
    one, other = (PasswordProvider().create({}).outs or {} for _ in range(2))
    assert len(one["value"]) >= 24
    assert one != other
    assert not PasswordProvider().diff("password", one, {}).changes


def test_no_password_is_taken_for_a_flag(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn = iter(["-starts-with-a-dash", "does-not"])
    monkeypatch.setattr("secrets.token_urlsafe", lambda _: next(drawn))
    assert PasswordProvider().create({}).outs == {"value": "does-not"}
