"""What registries ask for, and what they answer."""

from __future__ import annotations

from domain.oci import challenges


def test_challenges_as_rfc_9110_writes_them() -> None:
    header = 'Basic realm="simple", Newauth realm="apps", type=1, title="Login to \\"apps\\"", Bearer'
    assert challenges(header) == [
        ("basic", {"realm": "simple"}),
        ("newauth", {"realm": "apps", "type": "1", "title": 'Login to "apps"'}),
        ("bearer", {}),
    ]
    assert challenges("") == []
