"""The brake's verdict as constants of an admission policy; ``tests.lab`` asks the API server."""

from __future__ import annotations

from typing import Any

import pytest

from domain import brake_policy

VERDICT = {
    "mode": "closed",
    "since": "2026-03-01T03:23:00Z",
    "reason": "full",
    "headroom": "11 left",
    "fleetUser": "u-1",
}


@pytest.mark.parametrize(
    "text", ["", "it's full", 'say "no"', "back\\slash", "a\nb", "96 % § voll", "\u0001", "🚢"]
)
def test_a_verdict_is_read_as_it_was_written(text: str) -> None:
    verdict = {**VERDICT, "reason": text}
    assert brake_policy.state(brake_policy.spec(verdict)) == verdict


def test_the_state_may_have_more_than_the_verdict() -> None:
    assert brake_policy.spec({**VERDICT, "percent": 96.0}) == brake_policy.spec(VERDICT)


def test_nothing_is_read_from_parameters() -> None:
    """An API server may have them from before the brake was last turned off."""
    assert "paramKind" not in brake_policy.spec(VERDICT)
    assert "params" not in str(brake_policy.spec(VERDICT))


def test_who_opens_it_by_hand_is_understood() -> None:
    policy = brake_policy.spec(VERDICT)
    policy["variables"][0]["expression"] = "'open'"
    found = brake_policy.state(policy)
    assert found
    assert found["mode"] == "open"


@pytest.mark.parametrize(
    "policy",
    [
        None,
        "",
        [],
        {},
        {"variables": None},
        {"variables": [1]},
        {"variables": [{"name": "fleet", "expression": "a"}]},
    ],
)
def test_another_policy_has_no_verdict(policy: Any) -> None:
    assert brake_policy.state(policy) is None
