"""Values: which override, and which are refused."""

from __future__ import annotations

import pytest

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
        "ingress.tls.source": ("secret", "z"),
        "tls": ("x", "y"),
    }
    [found] = conflicts({"ingress": {"enabled": True}}, fixed)
    assert found.key == "ingress.enabled"
    assert str(found) == "ingress.enabled: must not be True: there must be one. Leave it out"
    assert conflicts({"ingress": {"enabled": False}, "tls": "x"}, fixed) == []


@pytest.mark.parametrize("value", [True, None, "x", []])
def test_value_in_place_of_an_object(value: object) -> None:
    """It would replace the program's whole object."""
    fixed: dict[str, tuple[object, str]] = {"ingress.enabled": (False, "y"), "ingress.tls.source": ("s", "z")}
    [found] = conflicts({"ingress": value}, fixed)
    assert str(found) == f"ingress: must be an object, not {value!r}. Correct it or leave it out"
