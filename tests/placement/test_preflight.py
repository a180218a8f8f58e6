"""What vCenter must have before the cluster is created."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from typing import Any

import pytest

from domain.placement import Placement
from tests.placement.fake_vcenter import FakeVCenter
from tests.preflight import found

Check = Callable[..., list[str]]


@pytest.fixture
def reasons(configured: Callable[..., Any], fake: FakeVCenter) -> Check:
    """What is wrong with a placement."""

    def check(severity: Any = "error", **changes: Any) -> list[str]:
        values = {"mode": "must", "source": "attributes", "masters": 3, "workers": 3, **changes}
        placement = asdict(Placement(**values))
        placement["compute_clusters"] = list(placement["compute_clusters"])
        login: dict[str, Any] = {"vsphereServer": "vc", "vsphereUser": "me", "vspherePassword": "hidden"}
        return found("vcenter", placement, severity=severity, **login)

    return check


def test_enough_hosts(reasons: Check) -> None:
    assert reasons() == []
    assert reasons(compute_clusters=["C0"]) == []


def test_too_few_hosts(reasons: Check, fake: FakeVCenter) -> None:
    fake.cluster("c1", "C1", "dc0", hosts=2)
    assert reasons() == [], "which cluster it is, is not known yet"
    assert reasons(compute_clusters=["C1"])[0].startswith(
        "masters: vSphere cluster C1 has 2 hosts in service for 3 masters"
    )
    assert reasons(compute_clusters=["C0", "C1"]) == [], "each has two of three"
    assert reasons(compute_clusters=["C1"], mode="should") == []
    [warning, _] = reasons("warning", compute_clusters=["C1"], mode="should")
    assert warning.startswith("masters: vSphere cluster C1 has 2 hosts")


def test_drs_that_is_off_is_a_warning(reasons: Check, fake: FakeVCenter) -> None:
    fake.cluster("c1", "C1", "dc0", drs=False)
    assert reasons(compute_clusters=["C1"]) == []
    [warning] = reasons("warning", compute_clusters=["C1"])
    assert "DRS is off in vSphere cluster C1, so its rules have no effect" in warning


def test_a11_an_ambiguous_cluster(reasons: Check, fake: FakeVCenter) -> None:
    fake.datacenter("dc1", "DC1")
    fake.cluster("c1", "C0", "dc1", hosts=1)
    [reason] = reasons(compute_clusters=["C0"], masters=1, workers=1)
    assert reason.endswith("vCenter has 2 vSphere clusters 'C0'. Use one of DC0/C0, DC1/C0")
    assert reasons(compute_clusters=["DC0/C0"]) == []
    assert "DC1/C0 has 1 host in service for 3 masters" in reasons(compute_clusters=["DC1/C0"])[0]


def test_a13_a_cluster_as_the_client_shows_it(reasons: Check, fake: FakeVCenter) -> None:
    fake.cluster("c1", "Cluster DEV%2fQA", "dc0")
    for name in ("Cluster DEV/QA", "Cluster DEV%2fQA", "DC0/Cluster DEV/QA"):
        assert reasons(compute_clusters=[name]) == []
    [reason] = reasons(compute_clusters=["Cluster DEV"])
    assert reason.endswith("vCenter has no vSphere cluster 'Cluster DEV'; it has C0, Cluster DEV/QA")


def test_what_the_source_needs(reasons: Check) -> None:
    [reason] = reasons(source="bosh", bosh_cli="no-such-bosh")
    assert reason.startswith("bosh_cli: the BOSH CLI 'no-such-bosh' is not on PATH")
