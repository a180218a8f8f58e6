"""The chart as a resource: when it is looked up, and what a failure means at preview and at ``up``."""

from __future__ import annotations

import logging
from typing import Any

import pulumi
import pytest
from pulumi.dynamic import Config, ConfigureRequest
from pulumi.output import Unknown
from pulumi.runtime.proto import resource_pb2

from components.helm import chart_repository as module
from components.helm.chart import ChartProvider, HelmChart, HelmChartArgs
from components.helm.chart_errors import ChartError, ChartUnreachableError
from components.runtime.errors import ProviderError
from domain.charts import ChartMetadata, ChartReference
from tests.mocks import RecordingMocks, with_engine

INPUTS: dict[str, Any] = {
    "chart": "rancher",
    "repository": "https://charts.example.com",
    "version": "2.8.5",
    "kubernetes_version": "1.28",
    "ca_file": "",
    "username": "",
    "api_versions": ["v1", "v2"],
}


@pytest.fixture
def provider() -> ChartProvider:
    made = ChartProvider()
    made.configure(ConfigureRequest(Config({}, "rancher-on-pks")))
    return made


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


def test_looked_up_only_when_something_changed(provider: ChartProvider, calls: list[ChartReference]) -> None:
    assert provider.check({}, INPUTS).failures == []
    assert len(calls) == 1
    provider.check(INPUTS, {**INPUTS, "__provider": "x"})
    provider.check({}, {**INPUTS, "version": Unknown()})  # type: ignore[no-untyped-call]
    assert len(calls) == 1


def test_create_records_what_the_chart_is(provider: ChartProvider, calls: list[ChartReference]) -> None:
    made = provider.create(INPUTS)
    assert made.id == "rancher:2.8.5"
    assert made.outs == {**INPUTS, "chart_name": "rancher", "app_version": "v2.8.5", "digest": "sha256:abc"}
    assert provider.update(made.id, made.outs, INPUTS).outs == made.outs
    assert len(calls) == 2


def test_only_what_identifies_it_is_a_change(provider: ChartProvider) -> None:
    assert not provider.diff("", INPUTS, {**INPUTS, "username": "new", "ca_file": "ca.pem"}).changes
    for name in ("chart", "repository", "version", "kubernetes_version"):
        assert provider.diff("", INPUTS, {**INPUTS, name: "other"}).changes


def test_definite_answer_fails_the_preview(provider: ChartProvider, monkeypatch: pytest.MonkeyPatch) -> None:
    fail(monkeypatch, ChartError("no such version", "version"))
    [failure] = provider.check({}, INPUTS).failures
    assert (failure.property, failure.reason) == ("version", "version: no such version")


def test_silence_fails_only_the_creation(
    provider: ChartProvider, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    fail(monkeypatch, ChartUnreachableError("the repository is unreachable"))
    with caplog.at_level(logging.WARNING, "rancher-on-pks"):
        assert provider.check({}, INPUTS).failures == []
    assert "chart rancher is not checked: the repository is unreachable" in caplog.text
    with pytest.raises(ProviderError, match=r"is unreachable. Nothing was created"):
        provider.create(INPUTS)


@pytest.mark.parametrize("version", ["1.29", "1.36"])
def test_kubernetes_version_that_the_chart_refuses(
    provider: ChartProvider, calls: list[ChartReference], version: str
) -> None:
    [failure] = provider.check({}, {**INPUTS, "kubernetes_version": version}).failures
    assert failure.reason.startswith(
        "version, kubernetes_version: chart rancher 2.8.5 requires Kubernetes < 1.29.0-0, but the cluster "
        f"has {version}"
    )


def test_unreadable_range(provider: ChartProvider, monkeypatch: pytest.MonkeyPatch) -> None:
    found = ChartMetadata("x", "1.0.0", "", "newest", "")
    monkeypatch.setattr(module, "resolve", lambda _: found)
    [failure] = provider.check({}, INPUTS).failures
    assert failure.reason == (
        "version: chart x 1.0.0 has an invalid kubeVersion: 'newest' is not a version range. "
        "Choose another version"
    )


def test_the_password_comes_from_config(provider: ChartProvider, calls: list[ChartReference]) -> None:
    provider.configure(
        ConfigureRequest(Config({"rancher-on-pks:chartRepositoryPassword": "s3cret"}, "rancher-on-pks"))
    )
    provider.check({}, INPUTS)
    assert "s3cret" not in str(provider.create(INPUTS).outs)
    assert [call.password for call in calls] == ["s3cret", "s3cret"]


def test_apiversion_that_the_engine_does_not_support(
    provider: ChartProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = ChartMetadata("x", "1.0.0", "", "", "", "v2")
    monkeypatch.setattr(module, "resolve", lambda _: found)
    assert provider.check({}, INPUTS).failures == []
    [failure] = provider.check({}, {**INPUTS, "api_versions": ["v1"]}).failures
    assert failure.reason == (
        "version, api_versions: chart x 1.0.0 has apiVersion v2, which this version of Helm does not "
        "support. Choose a version of the chart with apiVersion v1"
    )


def test_the_environment_has_the_password(
    provider: ChartProvider, calls: list[ChartReference], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CHART_REPOSITORY_PASSWORD", "rotated")
    provider.check({}, INPUTS)
    assert [call.password for call in calls] == ["rotated"]


@with_engine
def test_releases_get_the_same_password(monkeypatch: pytest.MonkeyPatch) -> pulumi.Output[None]:
    monkeypatch.setenv("CHART_REPOSITORY_PASSWORD", "rotated")
    RecordingMocks()
    chart = HelmChart("c", HelmChartArgs(**{**INPUTS, "api_versions": ("v1",), "password": "old"}))
    options = chart.repository_options
    assert options is not None

    def check(password: str) -> None:
        assert password == "rotated"

    return pulumi.Output.from_input(options["password"]).apply(check)


@with_engine
def test_resource() -> pulumi.Output[None]:
    mocks = RecordingMocks()
    args = {**INPUTS, "password": "s3cret"}
    chart = HelmChart("rancher-chart", HelmChartArgs(**{**args, "api_versions": ("v1",)}))

    def check(_: object) -> None:
        assert mocks.types() == ["helm:Chart"]
        request: resource_pb2.RegisterResourceRequest = mocks.requests["rancher-chart"]
        assert "s3cret" not in str(request)

    return chart.urn.apply(check)


@pytest.mark.parametrize(
    ("changes", "locator", "options"),
    [
        ({}, "rancher", {"repo": "https://charts.example.com"}),
        ({"ca_file": "ca.pem"}, "rancher", {"repo": "https://charts.example.com", "caFile": "ca.pem"}),
        ({"repository": "oci://r.example.com/c"}, "oci://r.example.com/c/rancher", None),
        ({"chart": "./charts/rancher"}, "./charts/rancher", None),
    ],
)
@with_engine
def test_the_way_helm_takes_it(
    changes: dict[str, str], locator: str, options: dict[str, str] | None
) -> pulumi.Output[None]:
    RecordingMocks()
    chart = HelmChart("c", HelmChartArgs(**{**INPUTS, "password": None, "ca_file": None, **changes}))
    assert (chart.locator, chart.repository_options) == (locator, options)
    return chart.urn.apply(lambda _: None)


@with_engine
def test_c4_a_query_is_secret_in_the_state() -> pulumi.Output[None]:
    mocks = RecordingMocks()
    args = {**INPUTS, "api_versions": ("v1",), "repository": "https://charts.example.com?sig=t0psecret"}
    chart = HelmChart("rancher-chart", HelmChartArgs(**args))
    options = chart.repository_options
    assert options is not None

    def check(values: list[Any]) -> None:
        assert values[1] is True
        assert list(mocks.requests["rancher-chart"].additionalSecretOutputs) == ["repository"]

    repository = options["repo"]
    assert isinstance(repository, pulumi.Output)
    return pulumi.Output.all(chart.urn, repository.is_secret()).apply(check)
