"""Which Rancher goes with which Kubernetes."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from domain.rancher_releases import doubt, has_bootstrap_password, has_ingress_switch, problem


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
    assert problem(rancher, f"1.{newest}") is None
    refused = problem(rancher, f"1.{newest + 1}")
    assert refused is not None
    assert refused.startswith(f"Rancher {rancher} is for Kubernetes < 1.{newest + 1}.0")
    assert f"not 1.{newest + 1}; choose " in refused


@pytest.mark.parametrize(
    "rancher", ["2.2.8", "2.4.12", "2.5.0", "2.5.4", "2.5.6", "2.5.17", "2.16.0", "3.0.0"]
)
def test_no_bound_is_known(rancher: str) -> None:
    assert problem(rancher, "1.14") is None
    assert problem(rancher, "1.99") is None


def test_remedy_names_what_would_fit() -> None:
    refused = problem("2.8.5", "1.34")
    assert refused is not None
    assert refused.endswith("choose one of the lines 2.13, 2.14, 2.15")
    assert str(problem("2.15.0", "1.60")).endswith("choose another version")


def test_old_charts_on_a_cluster_that_has_lost_their_api() -> None:
    assert doubt("2.2.8", "1.21") is None
    assert "before Kubernetes 1.22" in str(doubt("2.2.8", "1.22"))
    assert doubt("2.5.17", "1.28") is None
    assert doubt("2.15.0", "1.36") is None


def test_values_that_came_later() -> None:
    assert [has_ingress_switch(text) for text in ("2.2.8", "2.5.5", "2.5.6", "2.15.0")] == [
        False,
        False,
        True,
        True,
    ]
    assert [has_bootstrap_password(text) for text in ("2.5.17", "2.6.0-rc1", "2.6.0")] == [False, True, True]


@pytest.mark.parametrize(("rancher", "kubernetes"), [("latest", "1.28"), ("2.8.5", "new")])
def test_what_is_no_version(rancher: str, kubernetes: str) -> None:
    with pytest.raises(ValueError, match="is not a version"):
        problem(rancher, kubernetes)


def test_the_labs_charts_say_the_same() -> None:
    charts = Path(__file__).parents[2] / "lab" / "charts"
    chart = yaml.safe_load((charts / "rancher" / "Chart.yaml").read_text())
    assert str(problem(chart["version"], "1.99")).startswith(
        f"Rancher {chart['version']} is for Kubernetes {chart['kubeVersion']}"
    )
