"""What clusters show of the version that their foundation deploys."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from domain.cluster import LiveCluster
from domain.foundation_version import Deployed, deployed, findings, minor

DOCUMENTED = Path(__file__).parents[1] / "pks" / "documented"


def cluster(kubernetes: str, pks: str = "1.19.2-build.10", *, upgradable: bool = False) -> LiveCluster:
    upgrades = [{"component": "pks", "version": "1.20.0"}] if upgradable else []
    document = {"k8s_version": kubernetes, "pks_version": pks, "available_upgrades": upgrades}
    return LiveCluster(f"c-{kubernetes}-{pks}", "u", document)


@pytest.mark.parametrize(
    ("clusters", "expected"),
    [
        ([], ""),
        ([cluster("1.28.11"), cluster("1.28.9")], "1.28"),
        ([cluster("1.28.11"), cluster("1.29.6", "1.20.0-build.20")], "1.29"),
        ([cluster("1.29.6", "1.20.0-build.9"), cluster("1.28.11", "1.20.0-build.10")], "1.28"),
        ([cluster("1.28.11"), cluster("1.29.6")], ""),
        ([cluster(""), cluster("1.28.11", "")], ""),
        ([cluster("newest"), cluster("1.28.11", "unknown")], ""),
        ([cluster("1.27.1", "unknown"), cluster("1.28.11")], "1.28"),
    ],
)
def test_the_newest_clusters_tell(clusters: list[LiveCluster], expected: str) -> None:
    found = deployed(clusters)
    assert (found.minor if found else "") == expected


@pytest.mark.parametrize(
    ("release", "expected"),
    [("1.5", "1.14"), ("1.6", "1.14"), ("1.12", "1.21"), ("1.19", "1.28"), ("1.20", "1.29")],
)
def test_documented_clusters(release: str, expected: str) -> None:
    documents = [
        json.loads(path.read_text()) for path in sorted((DOCUMENTED / release).glob("cluster*.json"))
    ]
    clusters = [
        item for document in documents for item in (document if isinstance(document, list) else [document])
    ]
    found = deployed(LiveCluster(item["name"], item["uuid"], item) for item in clusters)
    assert found is not None
    assert found.minor == expected


@pytest.mark.parametrize(
    ("wanted", "certain", "strict", "severity"),
    [
        ("1.28", True, True, None),
        ("1.27", True, True, "error"),
        ("1.29", True, True, "error"),
        ("1.29", False, True, "warning"),
        ("1.27", False, True, "error"),
        ("1.27", True, False, "warning"),
    ],
)
def test_another_version(wanted: str, certain: bool, strict: bool, severity: str | None) -> None:
    found = list(findings(wanted, Deployed("1.28", "c", "1.19.2-build.10", certain), strict=strict))
    assert [item.severity for item in found] == ([severity] if severity else [])
    assert all(
        item.problem
        == f"the foundation deploys Kubernetes 1.28 (cluster 'c' of PKS 1.19.2-build.10), not {wanted}"
        for item in found
    )


@pytest.mark.parametrize(
    ("text", "expected"), [("v1.28.9", "1.28"), ("1.28", "1.28"), ("", ""), ("latest", "")]
)
def test_minor(text: str, expected: str) -> None:
    assert minor(text) == expected
