"""What the settings say about the first start."""

from __future__ import annotations

from typing import Any

import pytest

from settings.bootstrap import BootstrapSettings


@pytest.mark.parametrize(
    ("values", "version", "message"),
    [
        ({"rancherAdminPassword": "short"}, "2.15.0", "rancherAdminPassword: has 5 characters"),
        ({"rancherAdminPassword": "short"}, "2.2.8", None),
        (
            {"rancherTokenDays": "365", "rancherTokenRenewDays": "90"},
            "2.8.5",
            "rancherTokenRenewDays: must be less than",
        ),
        ({"rancherTokenDays": "10", "rancherTokenRenewDays": "3"}, "2.8.5", None),
    ],
)
def test_settings(values: dict[str, Any], version: str, message: str | None) -> None:
    found = [str(item) for item in BootstrapSettings.model_validate(values).findings(version)]
    assert len(found) == (1 if message else 0)
    assert not message or found[0].startswith(message)
