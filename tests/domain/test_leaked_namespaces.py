"""Which namespaces survived their cluster, and which of them may be removed unattended."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.leaked_namespaces import SYSTEM, Leak, Listing, leaks

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
AGE = timedelta(minutes=15)
FLEET = "cluster-fleet-default-c-5gdxx-aa4329d03704"  # of a real Rancher (rancher/rancher#31546)


def named(name: str, **metadata: Any) -> dict[str, Any]:
    return {"metadata": {"name": name, **metadata}}


def namespace(name: str, *, system: bool = True, age: timedelta = timedelta(days=1), **more: Any) -> Any:
    made = (NOW - age).strftime("%Y-%m-%dT%H:%M:%SZ")
    marks = {SYSTEM: "true"} if system else {}
    identity = {"uid": f"uid-{name}", "resourceVersion": "7", "creationTimestamp": made, "annotations": marks}
    return named(name, **{**identity, **more})


PROJECTS = [named("p-local", namespace="local"), named("p-aaaaa", namespace="c-alive")]


def listing(*clusters: str, projects: Any = PROJECTS, others: Any = ()) -> Listing:
    found = [named(name) for name in ("local", *clusters)]
    return Listing.of(clusters=found, projects=projects, others=others)


def found(*namespaces: Any, rancher: Listing | None = None) -> list[Leak]:
    return leaks(namespaces, rancher or listing("c-alive"), now=NOW, least_age=AGE)


def result(*namespaces: Any, **more: Any) -> dict[str, str]:
    return {leak.name: leak.kept for leak in found(*namespaces, **more)}


@pytest.mark.parametrize(
    ("item", "owner"),
    [
        (namespace("c-zzzzz"), "cluster c-zzzzz"),
        (namespace("c-zzzzz-p-abcde"), "cluster c-zzzzz"),
        (namespace("c-m-abcdefgh"), "cluster c-m-abcdefgh"),
        (namespace("c-m-abcdefgh-p-abcde"), "cluster c-m-abcdefgh"),
        (namespace(FLEET, system=False), "cluster c-5gdxx"),
    ],
)
def test_a_namespace_of_a_cluster_that_is_gone_may_be_removed(item: Any, owner: str) -> None:
    [leak] = found(item)
    assert (leak.owner, leak.kept) == (owner, "")
    assert leak.command == f"kubectl delete namespace {leak.name}"
    assert (leak.uid, leak.version) == (f"uid-{leak.name}", "7")


@pytest.mark.parametrize(
    "item",
    [
        namespace("c-alive"),
        namespace("c-alive-p-abcde"),  # of a deleted project of a cluster that lives
        namespace("c-mysql", system=False),  # made by hand
        namespace("c-zzzzz-p-abcde", system=False),
        namespace("c-zzzzz", annotations={SYSTEM: "yes"}),
        namespace("c-zzzzz", annotations="true"),
        namespace("c-zzzzz-production"),
        namespace("local"),
        namespace("p-local"),
        namespace("p-aaaaa"),
        namespace("p-redis", system=False),
        namespace("user-abcde"),
        namespace("u-abcde"),
        namespace("cattle-system"),
        namespace("fleet-default"),
        namespace("cluster-fleet-default-c-5gdxx-000000000000"),  # another hash
        namespace("cluster-fleet-local-local-1a3d67d0a899"),
        namespace("c-zzzzz", deletionTimestamp="2026-03-01T11:58:00Z"),  # is being deleted
    ],
    ids=lambda item: item["metadata"]["name"],
)
def test_everything_else_is_not_a_leak(item: Any) -> None:
    assert found(item) == []


@pytest.mark.parametrize(
    ("item", "reason"),
    [
        (namespace("c-zzzzz", age=timedelta(minutes=14)), "too young"),
        (namespace("c-zzzzz", age=timedelta(minutes=-5)), "too young"),
        (namespace("c-zzzzz", creationTimestamp="yesterday"), "its age is unknown"),
        (namespace("c-zzzzz", creationTimestamp=None), "its age is unknown"),
        (namespace("c-zzzzz", creationTimestamp="0001-01-01T00:00:00+14:00"), "its age is unknown"),
        (namespace("c-zzzzz", uid=None), "no UID"),
        (namespace("c-zzzzz", resourceVersion=""), "no UID"),
        (namespace("c-zzzzz", deletionTimestamp="2026-03-01T11:00:00Z"), "blocked"),
        (namespace("c-zzzzz", deletionTimestamp="yesterday"), "blocked"),
        (namespace("p-zzzzz"), "which cluster"),
    ],
)
def test_in_doubt_it_is_named_and_kept(item: Any, reason: str) -> None:
    [leak] = found(item)
    assert reason in leak.kept


def test_what_fleet_or_the_provisioning_api_still_has_is_kept() -> None:
    fleet = listing("c-alive", others=[named("c-5gdxx", namespace="fleet-default")])
    assert "still has c-5gdxx" in result(namespace("c-5gdxx"), rancher=fleet)["c-5gdxx"]
    other = listing("c-alive", others=[{**named("shop"), "status": {"clusterName": "c-zzzzz"}}])
    assert "still has c-zzzzz" in result(namespace("c-zzzzz"), rancher=other)["c-zzzzz"]


def test_a_cluster_that_one_of_two_listings_has_is_alive() -> None:
    assert found(namespace("c-zzzzz"), rancher=listing() | listing("c-zzzzz")) == []
    assert found(namespace("c-zzzzz"), rancher=listing("c-zzzzz") | listing()) == []


def test_projects_of_a_deleted_cluster_do_not_keep_its_namespaces() -> None:
    """They lie in the namespace that leaked."""
    rancher = listing(projects=[*PROJECTS, named("p-bbbbb", namespace="c-zzzzz")])
    assert result(namespace("c-zzzzz"), namespace("c-zzzzz-p-bbbbb"), rancher=rancher) == {
        "c-zzzzz": "",
        "c-zzzzz-p-bbbbb": "",
    }


def test_the_namespace_of_a_living_project_stays_wherever_it_is() -> None:
    moved = {**named("p-bbbbb", namespace="local"), "status": {"backingNamespace": "c-zzzzz-p-bbbbb"}}
    assert found(namespace("c-zzzzz-p-bbbbb"), rancher=listing(projects=[*PROJECTS, moved])) == []


@pytest.mark.parametrize(
    ("clusters", "projects", "missing"),
    [([], PROJECTS, "cluster"), ([named("c-alive")], PROJECTS, "cluster"), ([named("local")], [], "project")],
)
def test_an_incomplete_listing_proves_nothing(clusters: Any, projects: Any, missing: str) -> None:
    with pytest.raises(ValueError, match=f"lists no {missing}.*not complete"):
        Listing.of(clusters=clusters, projects=projects, others=[])


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=5), inner, max_size=2),
    max_leaves=5,
)
FIELDS = ("name", "uid", "resourceVersion", "creationTimestamp", "deletionTimestamp", "annotations")
NAME = st.sampled_from(["c-zzzzz", "p-zzzzz", FLEET, "c-alive", "c-zzzzz\n; rm -rf x"]) | JSON


@given(
    JSON
    | st.fixed_dictionaries(
        {"metadata": st.fixed_dictionaries({"name": NAME}, optional=dict.fromkeys(FIELDS[1:], JSON))}
    )
)
def test_odd_objects_are_survived_and_never_removed(item: Any) -> None:
    assert [leak for leak in found(item) if not leak.kept and leak.name != FLEET] == []
