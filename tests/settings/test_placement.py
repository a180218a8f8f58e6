"""The settings of the placement."""

from __future__ import annotations

from typing import Any

import pytest

from settings.placement import PlacementSettings


def _settings(**values: Any) -> PlacementSettings:
    return PlacementSettings.model_validate(values)


def test_off_is_the_default_and_wants_nothing() -> None:
    assert _settings().placement_for(3, 3) is None


def test_what_the_rules_are_to_hold() -> None:
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
    ("values", "expected"),
    [
        (
            {"vsphereComputeClusters": ["a", "a"]},
            "vsphereComputeClusters: must name each vSphere cluster once, without an empty name (a, a)",
        ),
        (
            {"vsphereServer": "https://vc/sdk"},
            "vsphereServer: must be a host name or host:port, without scheme or path (https://vc/sdk)",
        ),
    ],
)
def test_one_finding_each(values: dict[str, Any], expected: str) -> None:
    [finding] = _settings(**values).findings()
    assert str(finding) == expected
