"""The generated password."""

from __future__ import annotations

from components.rancher.password import PasswordProvider


def test_a_generated_password_is_long_and_made_once() -> None:
    one, other = (PasswordProvider().create({}).outs or {} for _ in range(2))
    assert len(one["value"]) >= 24
    assert one != other
    assert not PasswordProvider().diff("password", one, {}).changes
