"""Leaked namespaces: found with an API that answers, deleted only as they were judged."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from ci.drift import DriftCheck, render
from ci.events import Report
from ci.leaked import check
from ci.problem import StepError
from domain.leaked_namespaces import SYSTEM, Leaked
from tests.kubernetes_api import FakeApi, running
from tests.servers import Request, Response

CLUSTERS = "/apis/management.cattle.io/v3/clusters"
PROJECTS = "/apis/management.cattle.io/v3/projects"
NAMESPACES = "/api/v1/namespaces"
RANCHER = "/apis/apps/v1/namespaces/cattle-system/deployments/rancher"
AGE = timedelta(minutes=15)


@pytest.fixture
def api() -> Iterator[FakeApi]:
    """The cluster of a Rancher with one imported cluster, and what two deleted ones left."""
    with running() as made:
        for name in ("local", "c-alive"):
            made.objects[f"{CLUSTERS}/{name}"] = {"metadata": {"name": name}}
        made.objects[f"{PROJECTS}/p-local"] = {"metadata": {"name": "p-local", "namespace": "local"}}
        made.objects[RANCHER] = {"status": {"readyReplicas": 3}}
        for name in (
            "local",
            "p-local",
            "c-alive",
            "c-alive-p-aaaaa",
            "c-gone1",
            "c-gone1-p-aaaaa",
            "c-gone2",
        ):
            metadata = {
                "name": name,
                "uid": f"uid-{name}",
                "resourceVersion": "7",
                "creationTimestamp": "2026-01-01T00:00:00Z",
                "annotations": {SYSTEM: "true"},
            }
            made.objects[f"{NAMESPACES}/{name}"] = {"metadata": metadata}
        yield made


def look(api: FakeApi, most: int | None = None) -> Leaked:
    return check(api.kubeconfig, least_age=AGE, most=most)


def left(api: FakeApi) -> list[str]:
    return [path.rpartition("/")[2] for path in api.objects if path.rpartition("/")[0] == NAMESPACES]


def deletions(api: FakeApi) -> list[Request]:
    return [request for request in api.server.requests if request.method == "DELETE"]


def text(found: Leaked) -> str:
    return render(DriftCheck(stack="prod", failed=False, drift=Report(), leaked=found))


def test_a_check_lists_and_deletes_nothing(api: FakeApi) -> None:
    found = look(api)
    assert [leak.name for leak in found.remaining] == ["c-gone1", "c-gone1-p-aaaaa", "c-gone2"]
    assert deletions(api) == []
    report = text(found)
    assert "### `prod`: leaked namespaces\n" in report
    line = "- `kubectl delete namespace c-gone1-p-aaaaa` (of cluster c-gone1; `--reclaim` removes it)"
    assert line in report
    assert "c-alive" not in report


def test_reclaim_deletes_them_with_preconditions(api: FakeApi) -> None:
    found = look(api, most=20)
    assert left(api) == ["local", "p-local", "c-alive", "c-alive-p-aaaaa"]
    assert deletions(api)[0].json == {"preconditions": {"uid": "uid-c-gone1", "resourceVersion": "7"}}
    report = text(found)
    assert "### `prod`: no drift\n" in report
    assert "#### Reclaimed\n\n- `c-gone1` (of cluster c-gone1)" in report
    assert look(api, most=20) == Leaked()


def test_more_than_the_bound_is_rather_a_rancher_that_lost_its_clusters(api: FakeApi) -> None:
    found = look(api, most=2)
    assert deletions(api) == []
    assert "3 are more than 2. Check that Rancher has not lost clusters" in text(found)


def test_none_is_deleted_while_rancher_is_not_ready(api: FakeApi) -> None:
    api.objects[RANCHER] = {"status": {}}
    assert {leak.kept for leak in look(api, most=20).remaining} == {
        "Rancher is not ready, so it may be in a restore"
    }
    assert deletions(api) == []


@pytest.mark.parametrize("kind", ["pods", "persistentvolumeclaims"])
def test_a_namespace_in_use_stays(api: FakeApi, kind: str) -> None:
    api.objects[f"{NAMESPACES}/c-gone1/{kind}/x"] = {"metadata": {"name": "x"}}
    found = look(api, most=20)
    assert [(leak.name, leak.kept) for leak in found.remaining] == [("c-gone1", f"it holds {kind}")]
    assert [leak.name for leak in found.reclaimed] == ["c-gone1-p-aaaaa", "c-gone2"]


def test_a_namespace_that_has_changed_meanwhile_stays(api: FakeApi) -> None:
    def refuse(request: Request) -> Response | None:
        if request.method == "DELETE" and request.path.endswith("/c-gone2"):
            return Response(409, {"kind": "Status", "message": "the UID in the precondition differs | @all"})
        return None

    api.before = refuse
    found = look(api, most=20)
    assert [leak.name for leak in found.remaining] == ["c-gone2"]
    assert "the UID in the precondition differs \\| @\u200ball" in text(found)


@pytest.mark.parametrize("path", [CLUSTERS, PROJECTS, NAMESPACES])
@pytest.mark.parametrize("status", [403, 404, 410, 500])
def test_a_list_that_fails_is_a_failed_check(api: FakeApi, path: str, status: int) -> None:
    """404: the API does not know the kind, as while Rancher's definitions are away."""

    def refuse(request: Request) -> Response | None:
        refused = request.path.partition("?")[0] == path
        return Response(status, {"kind": "Status", "message": "no"}) if refused else None

    api.before = refuse
    if (path, status) == (NAMESPACES, 404):
        assert look(api, most=20) == Leaked()
    else:
        with pytest.raises(StepError, match=r"namespaces of deleted clusters: .*Check that Rancher runs"):
            look(api, most=20)
    assert deletions(api) == []


def test_a_cluster_that_comes_while_the_namespaces_are_listed_lives(api: FakeApi) -> None:
    def arrive(request: Request) -> Response | None:
        if request.path.startswith(f"{NAMESPACES}?"):
            api.objects[f"{CLUSTERS}/c-gone2"] = {"metadata": {"name": "c-gone2"}}
        return None

    api.before = arrive
    assert [leak.name for leak in look(api, most=20).reclaimed] == ["c-gone1", "c-gone1-p-aaaaa"]


def test_a_failed_part_fails_the_check_and_the_rest_is_reported() -> None:
    found: Any = DriftCheck(
        stack="prod", failed=False, drift=Report(), problems=["no answer"], alarms=["few"]
    )
    assert (found.exit_code, found.verdict) == (1, "the drift check failed")
    assert "#### Errors\n\n- no answer" in render(found)
    assert "- few" in render(found)
