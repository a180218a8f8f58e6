"""Values of Rancher's chart."""

from __future__ import annotations

from typing import Any

import pytest

from domain import rancher_values as values
from domain.rancher_releases import release

DESIGN: dict[str, Any] = {"hostname": "rancher.example.com", "replicas": 3}


def test_todays_chart_makes_no_ingress() -> None:
    assert values.defaults(release("2.15.0"), **DESIGN, private_ca=True) == {
        "hostname": "rancher.example.com",
        "replicas": 3,
        "privateCA": True,
        "ingress": {"tls": {"source": "secret"}, "enabled": False},
    }


def test_ingress_of_an_old_chart_is_kept_from_ncp() -> None:
    ingress = values.defaults(release("2.2.8"), **DESIGN, private_ca=True)["ingress"]
    assert ingress == {
        "tls": {"source": "secret"},
        "extraAnnotations": {"kubernetes.io/ingress.class": "nginx"},
    }


@pytest.mark.parametrize(
    ("theirs", "path"),
    [
        ({"hostname": "other.example.com"}, "hostname"),
        ({"replicas": 1}, "replicas"),
        ({"ingress": {"enabled": True}}, "ingress.enabled"),
        ({"ingress": {"tls": {"source": "rancher"}}}, "ingress.tls.source"),
        ({"tls": "external"}, "tls"),
        ({"privateCA": False}, "privateCA"),
        ({"fullnameOverride": "x"}, "fullnameOverride"),
        ({"nameOverride": "x"}, "nameOverride"),
    ],
)
def test_values_against_the_design(theirs: dict[str, Any], path: str) -> None:
    [found] = values.findings(theirs, release("2.8.5"), **DESIGN)
    assert found.key == path
    assert str(found).startswith(f"{path}: must not be ")
    assert str(found).endswith("Leave it out")


def test_other_values_are_the_users_own() -> None:
    theirs = {
        "antiAffinity": "required",
        "bootstrapPassword": "x",
        "ingress": {"enabled": False},
        "replicas": 3,
    }
    assert list(values.findings(theirs, release("2.8.5"), **DESIGN)) == []
    assert [str(found) for found in values.findings(theirs, release("2.5.9"), **DESIGN)] == [
        "bootstrapPassword: chart 2.5.9 does not have this value, which exists from 2.6.0 on. Remove it"
    ]


@pytest.mark.parametrize(
    ("theirs", "path"),
    [
        ({"ingress": {"extraAnnotations": {"a": "b"}}}, "ingress.extraAnnotations"),
        ({"ingress": {"ingressClassName": "nsx"}}, "ingress.ingressClassName"),
        ({"ingress": {"configurationSnippet": "x"}}, "ingress.configurationSnippet"),
        ({"ingress": {"tls": {"secretName": "mine"}}}, "ingress.tls.secretName"),
        ({"extraEnv": {"A": "1"}}, "extraEnv"),
        ({"extraEnv": ["A=1"]}, "extraEnv"),
        ({"extraEnv": [{"value": "1"}]}, "extraEnv"),
        ({"extraEnv": None}, "extraEnv"),
    ],
)
@pytest.mark.parametrize("version", ["2.2.8", "2.15.0"])
def test_c12_values_without_effect_are_refused(theirs: dict[str, Any], path: str, version: str) -> None:
    [found] = values.findings(theirs, release(version), **DESIGN)
    assert found.key == path
