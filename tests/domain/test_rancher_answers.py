"""What Rancher's answers mean."""

from __future__ import annotations

from domain.rancher_answers import cluster_state


def test_conditions_that_are_not_met_are_named() -> None:
    conditions = [
        {"type": "Ready", "status": "False"},
        {"type": "Provisioned", "status": "True"},
        {"type": "Waiting"},
    ]
    assert cluster_state({"state": "pending", "conditions": conditions}) == (
        "pending: no message; Ready is False; Waiting is Unknown"
    )
    assert cluster_state({}) == "no state: no message"
