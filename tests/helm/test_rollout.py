"""The wait for a release."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from pulumi.output import Unknown

from components.helm.rollout import RolloutProvider
from components.runtime.errors import ProviderError
from tests import kubernetes_api
from tests.kubernetes_api import NAMESPACE, RELEASE_MARKS, FakeApi
from tests.servers import ADDRESS, Request, Response

READY = {
    "observedGeneration": 1,
    "desiredNumberScheduled": 3,
    "updatedNumberScheduled": 3,
    "numberAvailable": 3,
}


@pytest.fixture
def provider() -> RolloutProvider:
    return RolloutProvider()


@pytest.fixture
def api() -> Iterator[FakeApi]:
    with kubernetes_api.running() as running:
        running.add(
            "apis/apps/v1/daemonsets",
            "controller",
            metadata={"annotations": RELEASE_MARKS, "generation": 1},
            spec={"selector": {"matchLabels": {"app": "nginx"}}},
            status={},
        )
        yield running


def inputs(api: FakeApi, minutes: float = 0.01) -> dict[str, Any]:
    return {
        "release": "nginx",
        "namespace": NAMESPACE,
        "revision": 1.0,
        "kubeconfig": api.kubeconfig,
        "timeout_minutes": minutes,
    }


def test_waits_until_all_is_ready_through_interruptions(provider: RolloutProvider, api: FakeApi) -> None:
    answers = iter([Response(503), Response(503)])

    def interrupted(_request: Request) -> Response | None:
        answer = next(answers, None)
        if answer is None:
            next(item for path, item in api.objects.items() if "daemonsets" in path)["status"] = READY
        return answer

    api.before = interrupted
    made = provider.create(inputs(api, minutes=1))
    assert made.id == f"{NAMESPACE}/nginx"
    assert made.outs is not None
    assert made.outs["revision"] == 1


def test_end_of_time_names_what_is_not_ready(provider: RolloutProvider, api: FakeApi) -> None:
    with pytest.raises(ProviderError) as caught:
        provider.update("", {}, inputs(api))
    lines = str(caught.value).splitlines()
    assert lines[0] == "rollout of Helm release nginx: not ready after 0.01 minutes:"
    assert lines[1:] == [
        "DaemonSet controller: no node matches its pods",
        "  it has no pods",
        "Fix the cause, then run `pulumi up` again to continue",
    ]


def test_end_of_time_without_an_api(provider: RolloutProvider) -> None:
    wanted = {**inputs(FakeApi()), "kubeconfig": kubernetes_api.kubeconfig(f"https://{ADDRESS}:1")}
    with pytest.raises(ProviderError, match=r"the reasons are unknown: Kubernetes API .* refused"):
        provider.create(wanted)


def test_waits_again_for_another_revision_or_cluster_only(provider: RolloutProvider, api: FakeApi) -> None:
    olds = inputs(api)

    def changes(**news: object) -> bool | None:
        return provider.diff("", olds, {**olds, **news}).changes

    assert not changes(timeout_minutes=5)
    assert not changes(kubeconfig=kubernetes_api.kubeconfig(api.server.url, token="new"))
    assert changes(kubeconfig=kubernetes_api.kubeconfig("https://other:8443"))
    assert changes(revision=2.0)
    assert changes(revision=Unknown())  # type: ignore[no-untyped-call]
