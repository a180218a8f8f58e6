"""Values of Rancher's chart."""

from __future__ import annotations

from typing import Any

import pytest

from domain import rancher_values as values

DESIGN: dict[str, Any] = {"hostname": "rancher.example.com", "replicas": 3}


def test_todays_chart_makes_no_ingress() -> None:
    assert values.defaults("2.15.0", **DESIGN, private_ca=True) == {
        "hostname": "rancher.example.com",
        "replicas": 3,
        "privateCA": True,
        "ingress": {"tls": {"source": "secret"}, "enabled": False},
    }


def test_ingress_of_an_old_chart_is_kept_from_ncp() -> None:
    ingress = values.defaults("2.2.8", **DESIGN, private_ca=True)["ingress"]
    assert ingress == {
        "tls": {"source": "secret"},
        "extraAnnotations": {"kubernetes.io/ingress.class": "nginx"},
    }


def test_another_ca_restarts_the_pods() -> None:
    theirs = {"extraEnv": [{"name": "A", "value": "1"}], "replicas": 3}
    combined = values.combine({"replicas": 3, "privateCA": True}, theirs, "abc")
    assert combined == {
        "replicas": 3,
        "privateCA": True,
        "extraEnv": [{"name": "RANCHER_ON_PKS_CA_SHA256", "value": "abc"}, {"name": "A", "value": "1"}],
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
    [problem] = values.problems(theirs, "2.8.5", **DESIGN)
    assert problem.startswith(f"{path} must not be ")


def test_other_values_are_the_users_own() -> None:
    theirs = {
        "antiAffinity": "required",
        "bootstrapPassword": "x",
        "ingress": {"enabled": False},
        "replicas": 3,
    }
    assert values.problems(theirs, "2.8.5", **DESIGN) == []
    assert values.problems(theirs, "2.5.9", **DESIGN) == [
        "bootstrapPassword is not known to chart 2.5.9, only from 2.6.0 on. Leave it out"
    ]
