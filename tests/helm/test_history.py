"""Recovery from what an interrupted Helm left behind."""

from __future__ import annotations

from typing import Any

import pytest

from components.helm import history
from components.kubernetes.api import Kubernetes
from components.runtime.errors import ProviderError
from domain.helm_history import decode, encode
from tests.kubernetes_api import NAMESPACE, FakeApi


def add(api: FakeApi, revision: int, status: str, chart: str = "rancher", release: str = "rancher") -> None:
    content = {
        "name": release,
        "version": revision,
        "info": {"status": status, "description": "Preparing upgrade"},
        "chart": {"metadata": {"name": chart}},
    }
    api.add(
        "api/v1/secrets",
        f"sh.helm.release.v1.{release}.v{revision}",
        metadata={"labels": {"owner": "helm", "name": release, "status": status, "version": str(revision)}},
        data={"release": encode(content)},
    )


def found(api: FakeApi) -> dict[str, tuple[str, str]]:
    """Status of each record, in its label and in its content."""
    return {
        path.rpartition("/")[2]: (
            item["metadata"]["labels"]["status"],
            decode(item["data"]["release"])["info"]["status"],
        )
        for path, item in api.objects.items()
    }


def test_nothing_to_recover(api: FakeApi, kubernetes: Kubernetes) -> None:
    assert history.prepare_create(kubernetes, NAMESPACE, "rancher", "rancher") == []
    add(api, 1, "deployed")
    assert history.prepare_update(kubernetes, NAMESPACE, "rancher") == []
    assert found(api) == {"sh.helm.release.v1.rancher.v1": ("deployed", "deployed")}
    assert {request.method for request in api.server.requests} == {"GET"}


@pytest.mark.parametrize("status", ["pending-install", "failed", "deployed", "uninstalled"])
def test_creation_forgets_what_the_stack_does_not_know(
    api: FakeApi, kubernetes: Kubernetes, status: str
) -> None:
    add(api, 1, status)
    add(api, 1, "deployed", release="nginx")
    done = history.prepare_create(kubernetes, NAMESPACE, "rancher", "rancher")
    assert done == [f"deleted revision 1 ({status}) of release rancher from the history"]
    assert list(found(api)) == ["sh.helm.release.v1.nginx.v1"]


def test_creation_leaves_another_chart_alone(api: FakeApi, kubernetes: Kubernetes) -> None:
    add(api, 1, "superseded")
    add(api, 2, "deployed", chart="other")
    with pytest.raises(
        ProviderError, match=r"with chart 'other' instead of 'rancher'. Remove it \(helm uninstall"
    ):
        history.prepare_create(kubernetes, NAMESPACE, "rancher", "rancher")
    assert len(found(api)) == 2


@pytest.mark.parametrize("status", ["pending-install", "pending-upgrade", "pending-rollback"])
def test_update_marks_what_is_pending_as_failed(api: FakeApi, kubernetes: Kubernetes, status: str) -> None:
    add(api, 9, "deployed")
    add(api, 10, status)
    done = history.prepare_update(kubernetes, NAMESPACE, "rancher")
    assert done == [f"marked revision 10 ({status}) of release rancher as failed"]
    assert found(api) == {
        "sh.helm.release.v1.rancher.v9": ("deployed", "deployed"),
        "sh.helm.release.v1.rancher.v10": ("failed", "failed"),
    }
    content: dict[str, Any] = decode(
        api.objects[f"/api/v1/namespaces/{NAMESPACE}/secrets/sh.helm.release.v1.rancher.v10"]["data"][
            "release"
        ]
    )
    assert content["chart"] == {"metadata": {"name": "rancher"}}, "the rest is as it was"


def test_unreadable_record_is_named(api: FakeApi, kubernetes: Kubernetes) -> None:
    labels = {"owner": "helm", "name": "rancher"}
    api.add("api/v1/secrets", "x", metadata={"labels": labels}, data={"release": "AAAA"})
    with pytest.raises(ProviderError, match=r"is damaged .* kubectl get secret -n cattle-system"):
        history.prepare_update(kubernetes, NAMESPACE, "rancher")
