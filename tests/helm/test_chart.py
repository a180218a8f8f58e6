"""The chart: what the preflight finds wrong with it, and how releases take it."""

from __future__ import annotations

from typing import Any

import pulumi
import pytest

from components.helm import chart_repository as module
from components.helm.chart import HelmChart
from components.helm.chart_errors import ChartError, ChartUnreachableError
from components.preflight import Preflight
from domain.charts import ChartMetadata, ChartReference
from tests.mocks import RecordingMocks, with_engine
from tests.preflight import configured, found

INPUTS: dict[str, Any] = {
    "chart": "rancher",
    "repository": "https://charts.example.com",
    "version": "2.8.5",
    "kubernetes_version": "1.28",
    "ca_file": "",
    "username": "",
    "api_versions": ["v1", "v2"],
}


def chart(**changes: Any) -> HelmChart:
    return HelmChart(**{**INPUTS, "ca_file": None, "api_versions": ("v1", "v2"), **changes})


def reasons(before: dict[str, Any] | None = None, **changes: Any) -> list[str]:
    return found("rancher_chart", {**INPUTS, **changes}, before)


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[ChartReference]:
    """The charts that were looked up; each is found."""
    made: list[ChartReference] = []

    def resolve(reference: ChartReference) -> ChartMetadata:
        made.append(reference)
        return ChartMetadata("rancher", "2.8.5", "v2.8.5", "< 1.29.0-0", "sha256:abc")

    monkeypatch.setattr(module, "resolve", resolve)
    return made


def fail(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    def resolve(_reference: ChartReference) -> ChartMetadata:
        raise error

    monkeypatch.setattr(module, "resolve", resolve)


def test_looked_up_only_when_something_changed(calls: list[ChartReference]) -> None:
    assert reasons() == []
    assert len(calls) == 1
    assert reasons(INPUTS) == []
    assert len(calls) == 1


def test_a_refusal_names_what_it_is_about(monkeypatch: pytest.MonkeyPatch) -> None:
    fail(monkeypatch, ChartError("no such version", "version"))
    assert reasons() == ["version: no such version"]


def test_an_unreachable_repository_is_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tenacity.nap.time.sleep", lambda _: None)
    answers = [ChartUnreachableError("the chart repository is unreachable", "repository")]

    def resolve(_reference: ChartReference) -> ChartMetadata:
        if answers:
            raise answers.pop()
        return ChartMetadata("rancher", "2.8.5", "v2.8.5", "", "")

    monkeypatch.setattr(module, "resolve", resolve)
    assert reasons() == []
    fail(monkeypatch, ChartUnreachableError("the chart repository is unreachable", "repository"))
    assert reasons() == ["repository: the chart repository is unreachable"]


@pytest.mark.parametrize("version", ["1.29", "1.36"])
def test_kubernetes_version_that_the_chart_refuses(calls: list[ChartReference], version: str) -> None:
    [reason] = reasons(kubernetes_version=version)
    assert reason.startswith(
        "version,kubernetes_version: chart rancher 2.8.5 requires Kubernetes < 1.29.0-0, but the cluster "
        f"has {version}"
    )


def test_unreadable_range(monkeypatch: pytest.MonkeyPatch) -> None:
    answer = ChartMetadata("x", "1.0.0", "", "newest", "")
    monkeypatch.setattr(module, "resolve", lambda _: answer)
    assert reasons() == [
        "version: chart x 1.0.0 has an invalid kubeVersion: 'newest' is not a version range. "
        "Choose another version"
    ]


def test_apiversion_that_the_engine_does_not_support(monkeypatch: pytest.MonkeyPatch) -> None:
    answer = ChartMetadata("x", "1.0.0", "", "", "", "v2")
    monkeypatch.setattr(module, "resolve", lambda _: answer)
    assert reasons() == []
    assert reasons(api_versions=["v1"]) == [
        "version,api_versions: chart x 1.0.0 has apiVersion v2, which this version of Helm does not "
        "support. Choose a version of the chart with apiVersion v1"
    ]


def test_the_password_comes_from_the_environment_or_config(
    calls: list[ChartReference], monkeypatch: pytest.MonkeyPatch
) -> None:
    provider = configured(chartRepositoryPassword="s3cret")
    assert provider.check({}, {"rancher_chart": INPUTS}).failures == []
    assert "s3cret" not in str(provider.create({"rancher_chart": INPUTS}).outs)
    monkeypatch.setenv("CHART_REPOSITORY_PASSWORD", "rotated")
    reasons()
    assert [call.password for call in calls] == ["s3cret", "rotated"]


@with_engine
def test_releases_get_the_same_password(monkeypatch: pytest.MonkeyPatch) -> pulumi.Output[None]:
    monkeypatch.setenv("CHART_REPOSITORY_PASSWORD", "rotated")
    RecordingMocks()
    options = chart(password="old").repository_options
    assert options is not None

    def check(password: str) -> None:
        assert password == "rotated"

    return pulumi.Output.from_input(options["password"]).apply(check)


@pytest.mark.parametrize(
    ("changes", "locator", "options"),
    [
        ({}, "rancher", {"repo": "https://charts.example.com"}),
        ({"ca_file": "ca.pem"}, "rancher", {"repo": "https://charts.example.com", "caFile": "ca.pem"}),
        ({"repository": "oci://r.example.com/c"}, "oci://r.example.com/c/rancher", None),
        ({"chart": "./charts/rancher"}, "./charts/rancher", None),
    ],
)
def test_the_way_helm_takes_it(changes: dict[str, str], locator: str, options: dict[str, str] | None) -> None:
    taken = chart(**changes)
    assert (taken.locator, taken.repository_options) == (locator, options)
    assert "s3cret" not in repr(chart(password="s3cret"))


@with_engine
def test_c4_a_query_is_secret_in_the_state() -> pulumi.Output[None]:
    mocks = RecordingMocks()
    signed = chart(repository="https://charts.example.com?sig=t0psecret")
    options = signed.repository_options
    assert options is not None
    repository = options["repo"]
    assert isinstance(repository, pulumi.Output)
    asked = Preflight("preflight", {"ingress_chart": chart().inputs, "rancher_chart": signed.inputs})

    def check(values: list[Any]) -> None:
        assert values[1] is True
        request = mocks.requests["preflight"]
        assert list(request.additionalSecretOutputs) == ["rancher_chart"]

    return pulumi.Output.all(asked.urn, repository.is_secret()).apply(check)
