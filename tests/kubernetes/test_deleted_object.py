"""An object that must not be there."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from components.kubernetes.deleted_object import DeletedObjectProvider
from tests import kubernetes_api
from tests.kubernetes_api import NAMESPACE, FakeApi
from tests.servers import ADDRESS, Request, Response

PATH = f"/apis/networking.k8s.io/v1/namespaces/{NAMESPACE}/ingresses/rancher"


@pytest.fixture
def api() -> Iterator[FakeApi]:
    with kubernetes_api.running() as running:
        yield running


def inputs(api: FakeApi, maker: int = 1) -> dict[str, Any]:
    return {"path": PATH, "creator": maker, "kubeconfig": api.kubeconfig}


def test_is_deleted_each_time_it_may_be_back(api: FakeApi) -> None:
    provider = DeletedObjectProvider()
    api.add("apis/networking.k8s.io/v1/ingresses", "rancher")
    made = provider.create(inputs(api))
    assert (made.id, PATH in api.objects) == (PATH, False)
    assert provider.diff(PATH, inputs(api), inputs(api, maker=2)).changes
    assert not provider.diff(PATH, inputs(api), inputs(api)).changes
    api.add("apis/networking.k8s.io/v1/ingresses", "rancher")
    provider.update(PATH, inputs(api), inputs(api, maker=2))
    assert PATH not in api.objects


def test_waits_for_finalizers_and_interruptions(api: FakeApi) -> None:
    answers = iter([Response(503), Response(200, {"kind": "Status"})])

    def slow(_request: Request) -> Response | None:
        return next(answers, None)

    api.before = slow
    DeletedObjectProvider().create(inputs(api))
    assert api.server.paths == [f"DELETE {PATH}"] * 3


def test_refresh_finds_it_back(api: FakeApi) -> None:
    provider = DeletedObjectProvider()
    assert provider.read(PATH, inputs(api)).id == PATH
    api.add("apis/networking.k8s.io/v1/ingresses", "rancher")
    assert provider.read(PATH, inputs(api)).id == ""
    away = {**inputs(api), "kubeconfig": kubernetes_api.kubeconfig(f"https://{ADDRESS}:1")}
    assert provider.read(PATH, away).id == PATH
