"""Values: whose win, and which are refused."""

from __future__ import annotations

from domain.chart_values import conflicts, merge


def test_theirs_win_map_by_map() -> None:
    ours = {"controller": {"kind": "DaemonSet", "service": {"type": "LoadBalancer"}, "list": [1, 2]}}
    theirs = {"controller": {"kind": "Deployment", "list": [3], "extra": {"a": 1}}, "other": None}
    assert merge(ours, theirs) == {
        "controller": {
            "kind": "Deployment",
            "service": {"type": "LoadBalancer"},
            "list": [3],
            "extra": {"a": 1},
        },
        "other": None,
    }
    assert ours["controller"]["kind"] == "DaemonSet", "the originals stay"


def test_conflicts_name_path_value_and_reason() -> None:
    fixed: dict[str, tuple[object, str]] = {
        "ingress.enabled": (False, "there must be one"),
        "tls": ("x", "y"),
    }
    assert conflicts({"ingress": {"enabled": True}}, fixed) == [
        "ingress.enabled must not be True: there must be one. Leave it out"
    ]
    assert conflicts({"ingress": {"enabled": False}, "tls": "x"}, fixed) == []
    assert conflicts({"ingress": True}, fixed) == []
