"""What depends on Rancher's version."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from domain.finding import Finding
from domain.rancher_releases import release


def error(rancher: str, kubernetes: str) -> str | None:
    """Why the chart refuses the cluster."""
    found = [str(item) for item in _findings(rancher, kubernetes) if item.severity == "error"]
    return found[0] if found else None


def warning(rancher: str, kubernetes: str) -> str | None:
    """Why Rancher is unlikely to run there."""
    found = [str(item) for item in _findings(rancher, kubernetes) if item.severity == "warning"]
    return found[0] if found else None


def _findings(rancher: str, kubernetes: str) -> list[Finding]:
    return list(release(rancher).findings(kubernetes))


@pytest.mark.parametrize(
    ("rancher", "newest"),
    [
        ("2.4.13", 19),
        ("2.5.5", 19),
        ("2.6.0", 21),
        ("2.6.3", 22),
        ("2.6.4", 23),
        ("2.6.7", 24),
        ("2.7.1", 24),
        ("2.7.2", 25),
        ("2.7.5", 26),
        ("2.7.11", 27),
        ("2.8.2", 27),
        ("2.8.3", 28),
        ("2.8.5", 28),
        ("2.9.0", 30),
        ("2.10.3", 31),
        ("2.11.0", 32),
        ("2.12.0", 33),
        ("2.13.0", 34),
        ("2.14.0", 35),
        ("2.15.0", 36),
        ("v2.15.0-rc1", 36),
    ],
)
def test_upper_bound(rancher: str, newest: int) -> None:
    assert error(rancher, f"1.{newest}") is None
    refused = error(rancher, f"1.{newest + 1}")
    assert refused is not None
    assert refused.startswith(f"version: Rancher {release(rancher)} runs on Kubernetes < 1.{newest + 1}.0")
    assert f"not 1.{newest + 1}. Choose " in refused


@pytest.mark.parametrize(
    "rancher", ["2.2.8", "2.4.12", "2.5.0", "2.5.4", "2.5.6", "2.5.17", "2.16.0", "3.0.0"]
)
def test_no_bound_is_known(rancher: str) -> None:
    assert error(rancher, "1.14") is None
    assert error(rancher, "1.99") is None


def test_remedy_names_what_would_fit() -> None:
    refused = error("2.8.5", "1.34")
    assert refused is not None
    assert refused.endswith("Choose one of the lines 2.13, 2.14, 2.15")
    assert str(error("2.15.0", "1.60")).endswith("Choose another version")


def test_old_charts_on_a_cluster_that_has_lost_their_api() -> None:
    assert warning("2.2.8", "1.21") is None
    assert "which Kubernetes removed in 1.22" in str(warning("2.2.8", "1.22"))
    assert warning("2.5.17", "1.28") is None
    assert warning("2.15.0", "1.36") is None


def test_values_that_came_later() -> None:
    switch = [release(text).has_ingress_switch for text in ("2.2.8", "2.5.5", "2.5.6", "2.15.0")]
    assert switch == [False, False, True, True]
    password = [release(text).has_bootstrap_password for text in ("2.5.17", "2.6.0-rc1", "2.6.0")]
    assert password == [False, True, True]


@pytest.mark.parametrize(("rancher", "kubernetes"), [("latest", "1.28"), ("2.8.5", "new")])
def test_what_is_no_version(rancher: str, kubernetes: str) -> None:
    with pytest.raises(ValueError, match="is not a version"):
        error(rancher, kubernetes)


def test_what_changed_with_the_version() -> None:
    versions = ("2.2.8", "2.6.2", "2.6.3", "2.8.0", "2.11.0", "2.13.0")
    releases = [release(version) for version in versions]
    assert [item.shortest_password for item in releases] == [1, 1, 12, 12, 12, 12]
    assert [item.longest_token_days for item in releases] == [None, None, None, 90, 90, 90]
    assert [item.has_telemetry for item in releases] == [True, True, True, True, False, False]
    assert [item.has_v1_login for item in releases] == [False] * 5 + [True]


def test_the_labs_charts_say_the_same() -> None:
    charts = Path(__file__).parents[2] / "lab" / "charts"
    chart = yaml.safe_load((charts / "rancher" / "Chart.yaml").read_text())
    assert str(error(chart["version"], "1.99")).startswith(
        f"version: Rancher {chart['version']} runs on Kubernetes {chart['kubeVersion']}"
    )
