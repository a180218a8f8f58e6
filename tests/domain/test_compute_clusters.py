"""How people name vSphere clusters."""

from __future__ import annotations

import pytest

from domain.compute_clusters import names_by_id, unfit_names, unusable_names
from domain.vsphere import ComputeCluster, find, label, labels


def cluster(id_: str, *path: str) -> ComputeCluster:
    return ComputeCluster(id_, path[-1], 3, True, path[:-1])


EAST, WEST = cluster("c1", "East", "C0"), cluster("c2", "West", "C0")
ONLY = cluster("c3", "West", "C1")
SLASH = cluster("c4", "West", "Cluster DEV/QA")
LIVE = [EAST, WEST, ONLY, SLASH]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("C1", ["c3"]),
        ("West/C1", ["c3"]),
        ("C0", ["c1", "c2"]),
        ("East/C0", ["c1"]),
        ("C2", []),
        ("c1", []),
        ("Cluster DEV/QA", ["c4"]),
        ("Cluster DEV%2fQA", ["c4"]),
        ("West/Cluster DEV%2FQA", ["c4"]),
    ],
)
def test_a11_a13_names_of_clusters(text: str, found: list[str]) -> None:
    assert [item.id for item in find(text, LIVE)] == found


def test_a_label_means_one_cluster_and_can_be_configured() -> None:
    odd = [cluster("c5", "A/B", "C"), cluster("c6", "A", "B/C"), cluster("c7", "A", "100%2f"), *LIVE]
    assert labels(odd, odd) == ["100%2f", "B/C", "C", "C1", "Cluster DEV/QA", "East/C0", "West/C0"]
    twice = [cluster("c5", "A/B", "C"), cluster("c6", "A", "B/C"), cluster("c7", "D", "C")]
    assert labels(twice, twice) == ["A%2fB/C", "B/C", "D/C"]
    for item in odd:
        assert find(label(item, odd), odd) == [item]


def test_a_name_as_shown_wins_over_one_as_in_the_api() -> None:
    shown, escaped = cluster("c8", "D", "a%2fb"), cluster("c9", "D", "a/b")
    assert find("a%2fb", [shown, escaped]) == [shown]
    assert find("a/b", [shown, escaped]) == [escaped]


def test_a11_an_ambiguous_name_asks_for_the_datacenter() -> None:
    problems = [str(item) for item in unusable_names(["C0", "C9", "C1", "West/C1"], LIVE)]
    assert problems == [
        "compute_clusters: vCenter has 2 vSphere clusters 'C0'. Use one of East/C0, West/C0",
        "compute_clusters: vCenter has no vSphere cluster 'C9'; it has C1, Cluster DEV/QA, East/C0, West/C0",
        "compute_clusters: 'C1' and 'West/C1' are the same vSphere cluster. Name it once",
    ]


def test_a11_clusters_are_told_apart_by_id() -> None:
    assert names_by_id([EAST], [], LIVE) == {"c1": "East/C0"}
    assert names_by_id([EAST], [], [EAST, ONLY]) == {"c1": "C0"}
    both = ["East/C0", "West/C0"]
    assert names_by_id([EAST, WEST], both, LIVE) == {"c1": "East/C0", "c2": "West/C0"}
    assert names_by_id([SLASH], ["Cluster DEV%2fQA"], LIVE) == {"c4": "Cluster DEV%2fQA"}


@pytest.mark.parametrize(
    ("used", "names", "problem"),
    [
        ([EAST], [], None),
        ([EAST], ["East/C0", "West/C0"], None),
        ([SLASH], ["Cluster DEV%2fQA"], None),
        (
            [EAST, WEST],
            [],
            'the workers run in several vSphere clusters. Set the vSphere clusters to ["East/C0", "West/C0"]',
        ),
        (
            [EAST],
            ["West/C0"],
            "the workers run in East/C0, not only in the configured vSphere clusters. Set the vSphere "
            'clusters to ["East/C0", "West/C0"]',
        ),
        ([EAST], ["C0"], "vCenter has 2 vSphere clusters 'C0'. Use one of East/C0, West/C0"),
    ],
)
def test_a11_names_that_do_not_fit_the_vms(
    used: list[ComputeCluster], names: list[str], problem: str | None
) -> None:
    found = unfit_names("worker", used, names, LIVE)
    assert (found and str(found)) == (problem and f"compute_clusters: {problem}")
