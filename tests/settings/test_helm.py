"""Settings of Helm and of the chart repositories."""

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


@pytest.mark.parametrize("key", ["ingressChartRepository", "rancherChartRepository"])
@pytest.mark.parametrize(
    "address",
    [
        "https://user:t0ken@charts.example.com/stable",
        "https://t0ken@charts.example.com/stable",
        "http://user:t0/k?e#n@charts.example.com/stable",
        "oci://user:t0ken@charts.example.com/stable",
        "https://us@er:t0ken@charts.example.com/stable?x=t0ken",
        "ftp://user:t0ken@charts.example.com/stable",
    ],
)
@pytest.mark.parametrize("engine", ["v3", "v2"])
def test_c2_credentials_in_the_url_of_a_repository(key: str, address: str, engine: str) -> None:
    found = problems(**{key: address, "helmEngine": engine})
    assert "contains credentials" in found[key] or "OCI registry" in found[key]
    text = " ".join(found.values())
    for secret in ("t0", "user", "us@er"):
        assert secret not in text.replace("chartRepositoryUsername", "")
    assert "charts.example.com/stable" in text
    if engine == "v3":
        assert "chartRepositoryUsername and chartRepositoryPassword (--secret)" in found[key]


def test_c2_credentials_in_a_url_with_another_mistake() -> None:
    found = problems(ingressChartRepository=" https://user:t0ken@charts.example.com")
    assert "t0ken" not in " ".join(found.values())


def test_c4_queries() -> None:
    parse({**GOOD, "ingressChartRepository": "https://charts.example.com/p?sv=1&sig=ab%2F"})
    found = problems(ingressChartRepository="oci://registry.example.com/charts?sig=t0psecret")
    assert "has no query or fragment" in found["ingressChartRepository"]
    assert "t0psecret" not in found["ingressChartRepository"]
