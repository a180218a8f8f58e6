"""``HelmChart``: one version of a chart, looked up before anything that needs it is created."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pulumi
from pulumi.dynamic import (
    CheckFailure,
    CheckResult,
    ConfigureRequest,
    CreateResult,
    DiffResult,
    Resource,
    UpdateResult,
)

from components.helm.chart_repository import (
    ChartError,
    ChartMetadata,
    ChartReference,
    ChartUnreachableError,
    resolve,
)
from components.runtime.errors import ProviderError, log
from components.runtime.provider import Properties, Provider, changed, plain, unknown
from domain import versions

_REFERENCE = ("chart", "repository", "version", "ca_file", "username")
_PASSWORD = "chartRepositoryPassword"  # noqa: S105 - the name of a config key
_IDENTITY = ["chart", "repository", "version", "kubernetes_version", "helm"]


@dataclass(frozen=True, kw_only=True)
class HelmChartArgs:
    """Which chart, from where, for which Kubernetes.

    Attributes:
        chart: Name in the repository; or a local path, which has a slash, a dot in front or ends in ``.tgz``.
        repository: ``https://``, ``http://`` or ``oci://`` address; not used with a local chart.
        version: Exact version.
        kubernetes_version: ``major.minor`` that the chart's ``kubeVersion`` has to accept.
        ca_file: PEM file with the CAs of the repository; None: the system's.
        username: User of the repository.
        password: Its password (config chartRepositoryPassword), secret; handed on to the releases.
        helm: Major version of the Helm that is to install it, 2 or 3.
    """

    chart: str
    repository: str
    version: str
    kubernetes_version: str
    ca_file: str | None = None
    username: str = ""
    password: pulumi.Input[str] | None = None
    helm: int = 3

    @property
    def reference(self) -> ChartReference:
        """The chart without the password."""
        return ChartReference(self.chart, self.repository, self.version)


class ChartProvider(Provider):
    """A definite answer is an error at preview already, a repository's silence not before ``create``.

    The repository's password comes from config, never from the inputs.
    """

    _password = ""

    def configure(self, req: ConfigureRequest) -> None:
        """Keep the password."""
        super().configure(req)
        self._password = req.config.get(_PASSWORD) or ""

    def check(self, _olds: dict[str, Any], news: dict[str, Any]) -> CheckResult:
        wanted = plain(news)
        if plain(_olds) == wanted or unknown(*wanted.values()):
            return CheckResult(news, [])
        try:
            _resolve(wanted, self._password)
        except ChartError as error:
            return CheckResult(news, [CheckFailure(error.property, str(error))])
        except ChartUnreachableError as error:
            log.warning("warning: %s. Chart %s is not checked", error, wanted["chart"])
        return CheckResult(news, [])

    def diff(self, _id: str, _olds: dict[str, Any], _news: dict[str, Any]) -> DiffResult:
        return DiffResult(changes=bool(changed(_olds, _news, _IDENTITY)))

    def create(self, props: dict[str, Any]) -> CreateResult:
        wanted = plain(props)
        return CreateResult(f"{wanted['chart']}:{wanted['version']}", _outputs(wanted, self._password))

    def update(self, _id: str, _olds: dict[str, Any], _news: dict[str, Any]) -> UpdateResult:
        return UpdateResult(_outputs(plain(_news), self._password))


class HelmChart(Resource, module="helm", name="Chart"):
    """One version of a chart, type ``pulumi-python:dynamic/helm:Chart``.

    It exists, can be fetched, and accepts the Kubernetes version. It needs no cluster; what must not be made
    when the chart cannot be had depends on it.
    """

    args: HelmChartArgs
    version: pulumi.Output[str]
    chart_name: pulumi.Output[str]
    """The chart's own name."""
    app_version: pulumi.Output[str]
    """Version of what it installs."""
    digest: pulumi.Output[str]

    def __init__(self, name: str, args: HelmChartArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        """Declare the chart."""
        props = {
            "chart": args.chart,
            "repository": "" if args.reference.is_local else args.repository,
            "version": args.version,
            "kubernetes_version": args.kubernetes_version,
            "ca_file": args.ca_file or "",
            "username": args.username,
            # Absent for Helm 3, as in the state of stacks that never knew another.
            **({"helm": args.helm} if args.helm != 3 else {}),
            "chart_name": None,
            "app_version": None,
            "digest": None,
        }
        super().__init__(ChartProvider(), name, props, opts)
        self.args = args

    @property
    def locator(self) -> str:
        """The chart as Helm takes it: path, ``oci://`` address, or bare name."""
        return self.args.reference.locator

    @property
    def repository_options(self) -> dict[str, pulumi.Input[str]] | None:
        """``repositoryOpts`` of a Helm release; None for a local chart."""
        reference = self.args.reference
        if reference.is_local:
            return None
        options: dict[str, pulumi.Input[str] | None] = {
            "repo": None if reference.is_oci else self.args.repository,
            "caFile": self.args.ca_file,
            "username": self.args.username or None,
            "password": pulumi.Output.secret(self.args.password) if self.args.password is not None else None,
        }
        return {key: value for key, value in options.items() if value is not None} or None


def _resolve(wanted: Properties, password: str) -> ChartMetadata:
    """Look the chart up and hold it against the Kubernetes version."""
    helm2 = wanted.get("helm") == 2
    if helm2 and wanted["repository"].startswith("oci://"):
        message = "Helm v2 reads no OCI registries; give an https:// repository, or a local chart"
        raise ChartError(message)
    found = resolve(ChartReference(**{name: wanted[name] for name in _REFERENCE}, password=password))
    if helm2 and found.api_version not in ("", "v1"):
        raise ChartError(
            f"chart {found.name} {found.version} is for Helm 3 (apiVersion {found.api_version}), the release "
            "is Helm v2's (config helmEngine); choose a version of the chart with apiVersion v1",
            "version",
        )
    kubernetes = wanted["kubernetes_version"]
    try:
        fits = not found.kubernetes or versions.minor_satisfies(kubernetes, found.kubernetes)
    except ValueError as error:
        raise ChartError(f"chart {found.name} {found.version}: kubeVersion {error}", "version") from None
    if not fits:
        raise ChartError(
            f"chart {found.name} {found.version} is for Kubernetes {found.kubernetes}, the cluster has "
            f"{kubernetes}; choose another version of the chart",
            "version",
        )
    return found


def _outputs(wanted: Properties, password: str) -> Properties:
    try:
        found = _resolve(wanted, password)
    except ChartUnreachableError as error:
        raise ProviderError(f"{error}. Nothing was created; try again, or use a local chart") from None
    return {
        **wanted,
        "chart_name": found.name,
        "app_version": found.app_version,
        "digest": found.digest,
    }
