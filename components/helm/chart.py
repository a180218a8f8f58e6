"""``HelmChart``: one version of a chart, checked before anything that needs it is created."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

import pulumi
from pulumi.dynamic import Resource

from components.helm.chart_errors import ChartError, ChartUnreachableError
from components.runtime.errors import ProviderError
from components.runtime.provider import LABELS, Properties, Provider, unknown
from components.runtime.waiting import retry
from domain.charts import ChartMetadata, ChartReference
from domain.credentials import Field, System
from domain.finding import Finding

CREDENTIALS = System(
    "chartRepository",
    "the chart repositories",
    (Field("password", "CHART_REPOSITORY_PASSWORD", secret=True),),
)
_REFERENCE = ("chart", "repository", "version", "ca_file", "username")


@dataclass(frozen=True, kw_only=True)
class HelmChartArgs:
    """Arguments of :class:`HelmChart`.

    Attributes:
        chart: Name in the repository; or a local path, which has a slash, a leading dot or ends in ``.tgz``.
        repository: ``https://``, ``http://`` or ``oci://`` URL without credentials; unused for a local chart.
        version: Exact version.
        kubernetes_version: ``major.minor`` that the chart's ``kubeVersion`` must accept.
        ca_file: PEM file with the CAs of the repository; None: the system's.
        username: User name for the repository.
        password: Secret, for releases of the chart. The provider reads it from ``CREDENTIALS``.
        api_versions: Values of the chart's ``apiVersion`` that the Helm engine supports.
    """

    chart: str
    repository: str
    version: str
    kubernetes_version: str
    ca_file: str | None = None
    username: str = ""
    password: pulumi.Input[str] | None = None
    api_versions: tuple[str, ...] = ("v1", "v2")

    @property
    def reference(self) -> ChartReference:
        """The chart without the password."""
        return ChartReference(self.chart, self.repository, self.version)

    @property
    def has_query(self) -> bool:
        """Whether the repository's URL has a query, which may be a signature."""
        return "?" in self.repository

    @property
    def repository_input(self) -> pulumi.Input[str]:
        """The repository, as a secret if it has a query."""
        return pulumi.Output.secret(self.repository) if self.has_query else self.repository


class ChartProvider(Provider):
    """Checks the chart in ``check``. An unreachable repository is a warning there, an error in ``create``."""

    updates: ClassVar[tuple[str, ...]] = (
        *("chart", "repository", "version"),
        *("kubernetes_version", "api_versions"),
    )

    def findings(self, before: Properties, wanted: Properties) -> Iterator[Finding]:
        names = (before.keys() | wanted.keys()) - {LABELS}
        if unknown(*wanted.values()) or not self.changed(before, wanted, names):
            return
        try:
            _checked(wanted, self._password())
        except ChartUnreachableError as error:
            problem = f"chart {wanted['chart']} is not checked: {error}"
            yield Finding(",".join(error.properties), problem, severity="warning")
        except ProviderError as error:
            yield Finding(",".join(error.properties), str(error))

    def apply(self, wanted: Properties, before: Properties) -> Properties:
        del before
        try:
            found = retry(lambda: _checked(wanted, self._password()))
        except ChartUnreachableError as error:
            remedy = "Nothing was created. Run `pulumi up` again, or use a local chart"
            raise ProviderError(f"{error}. {remedy}", *error.properties) from None
        return {"chart_name": found.name, "app_version": found.app_version, "digest": found.digest}

    def identity(self, properties: Properties) -> str:
        return f"{properties['chart']}:{properties['version']}"

    def _password(self) -> str:
        return CREDENTIALS.read(self._config.get, os.environ)["password"]


class HelmChart(Resource, module="helm", name="Chart"):
    """One version of a chart, type ``pulumi-python:dynamic/helm:Chart``.

    It exists, can be downloaded, and supports the Kubernetes version. It needs no cluster. Resources that
    must not be created without the chart depend on it.
    """

    args: HelmChartArgs
    version: pulumi.Output[str]
    chart_name: pulumi.Output[str]
    """Name in ``Chart.yaml``."""
    app_version: pulumi.Output[str]
    """Version of the application."""
    digest: pulumi.Output[str]
    password: pulumi.Input[str] | None
    """For releases of the chart; the environment takes precedence over the arguments."""

    def __init__(self, name: str, args: HelmChartArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        """Declare the chart."""
        props = {
            "chart": args.chart,
            "repository": "" if args.reference.is_local else args.repository_input,
            "version": args.version,
            "kubernetes_version": args.kubernetes_version,
            "ca_file": args.ca_file or "",
            "username": args.username,
            "api_versions": list(args.api_versions),
            "chart_name": None,
            "app_version": None,
            "digest": None,
        }
        hidden = pulumi.ResourceOptions(additional_secret_outputs=["repository"] if args.has_query else [])
        super().__init__(ChartProvider(), name, props, pulumi.ResourceOptions.merge(opts, hidden))
        self.args = args
        self.password = CREDENTIALS.read(lambda _key: None, os.environ)["password"] or args.password

    @property
    def locator(self) -> str:
        """The chart as Helm expects it: a path, an ``oci://`` URL, or a name."""
        return self.args.reference.locator

    @property
    def repository_options(self) -> dict[str, pulumi.Input[str]] | None:
        """``repositoryOpts`` of a Helm release; None for a local chart."""
        reference = self.args.reference
        if reference.is_local:
            return None
        options: dict[str, pulumi.Input[str] | None] = {
            "repo": None if reference.is_oci else self.args.repository_input,
            "caFile": self.args.ca_file,
            "username": self.args.username or None,
            "password": pulumi.Output.secret(self.password) if self.password is not None else None,
        }
        return {key: value for key, value in options.items() if value is not None} or None


def _checked(wanted: Properties, password: str) -> ChartMetadata:
    """The chart, if the engine and the Kubernetes version support it."""
    from components.helm.chart_repository import resolve  # noqa: PLC0415 - only a new chart is looked up

    reference = ChartReference(**{name: wanted[name] for name in _REFERENCE}, password=password)
    found = resolve(reference)
    if problem := found.unfit(wanted["kubernetes_version"], wanted["api_versions"]):
        raise ChartError.of(problem)
    return found
