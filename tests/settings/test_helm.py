"""Settings of Helm v2."""

from __future__ import annotations

import pytest

from settings import parse
from tests.config import GOOD
from tests.settings.test_reading import problems


def test_helm_3_unless_said_otherwise() -> None:
    assert parse(GOOD).helm.helm_engine == "v3"
    # Keys of Helm v2 that are left over do not matter.
    assert parse({**GOOD, "tillerMode": "local", "tillerImage": "x"}).helm.helm_engine == "v3"


@pytest.mark.parametrize(
    ("key", "changes", "expected"),
    [
        ("helmEngine", {"helmEngine": "v4"}, "'v3' or 'v2'"),
        ("tillerMode", {"tillerMode": "none"}, "'cluster' or 'local'"),
        (
            "tillerImage",
            {"helmEngine": "v2", "tillerMode": "local", "tillerImage": "x"},
            "config rm tillerImage",
        ),
        (
            "rancherChartRepository",
            {"helmEngine": "v2", "rancherChartRepository": "oci://registry.example.com/charts"},
            "which Helm v2 cannot read",
        ),
    ],
)
def test_what_does_not_fit(key: str, changes: dict[str, str], expected: str) -> None:
    found = problems(**changes)
    assert list(found) == [key]
    assert expected in found[key]
