"""The settings of the placement."""

from __future__ import annotations

from typing import Any

import pytest

from settings.placement import PlacementSettings


def _settings(**values: Any) -> PlacementSettings:
    return PlacementSettings.model_validate(values)


def test_off_is_the_default() -> None:
    assert _settings().placement_for(3, 3) is None


def test_what_the_rules_must_hold() -> None:
    found = _settings(antiAffinity="must", vsphereComputeClusters=["a", "b"], vmSource="attributes")
    placement = found.placement_for(3, 5)
    assert placement is not None
    assert (placement.mode, placement.source, placement.masters, placement.workers) == (
        "must",
        "attributes",
        3,
        5,
    )
    assert placement.compute_clusters == ("a", "b")


@pytest.mark.parametrize(
    ("values", "text"),
    [
        ({"vsphereComputeClusters": ["a", "a"]}, "vsphereComputeClusters = a, a: must name each"),
        (
            {"vsphereServer": "https://vc/sdk"},
            "vsphereServer = https://vc/sdk: must be a host name or host:port",
        ),
    ],
)
def test_invalid_values(values: dict[str, Any], text: str) -> None:
    [problem] = _settings(**values).placement_problems()
    assert str(problem).startswith(text)
