"""``ChartReference`` and ``ChartMetadata``: which chart is wanted, and what the chart says about itself."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from domain import versions
from domain.finding import Finding, FindingError
from domain.urls import public_url

OCI = "oci://"
_SHOWN = 10


@dataclass(frozen=True)
class ChartReference:
    """One version of one chart.

    Attributes:
        chart: Name in the repository; or a local path, which has a slash, a leading dot or ends in ``.tgz``.
        repository: ``https://``, ``http://`` or ``oci://`` URL; ignored for a local chart.
        version: Exact version.
        ca_file: PEM file with the only CAs to trust; empty: the system's.
        username: For basic authentication, with ``password``.
    """

    chart: str
    repository: str
    version: str
    ca_file: str = ""
    username: str = ""
    password: str = field(default="", repr=False)

    @property
    def is_local(self) -> bool:
        """Whether the chart is a directory or archive on this machine."""
        return "/" in self.chart or self.chart.startswith(".") or self.chart.endswith(".tgz")

    @property
    def is_oci(self) -> bool:
        """Whether the chart is in an OCI registry."""
        return not self.is_local and self.repository.startswith(OCI)

    @property
    def locator(self) -> str:
        """The chart as Helm expects it: a path, an ``oci://`` URL, or a name."""
        return f"{self.repository.rstrip('/')}/{self.chart}" if self.is_oci else self.chart

    @property
    def source(self) -> str:
        """The repository, for messages."""
        return public_url(self.repository)

    @property
    def login(self) -> tuple[str, str] | None:
        """User name and password."""
        return (self.username, self.password) if self.username else None

    def missing_version(self, available: Collection[str]) -> FindingError:
        """Error for a version that the repository does not have."""
        near = ", ".join(versions.nearest(self.version, available))
        problem = f"{self.source} has no version {self.version!r} of chart {self.chart!r}"
        return FindingError("version", problem, f"Choose one of its versions: {near}")

    def missing_chart(self, available: Collection[str]) -> FindingError:
        """Error for a chart that the repository does not have."""
        shown = ", ".join(sorted(available)[:_SHOWN]) or "none"
        return FindingError("chart", f"{self.source} has no chart {self.chart!r}", f"Its charts: {shown}")


@dataclass(frozen=True)
class ChartMetadata:
    """What the chart says about itself.

    Attributes:
        name: Its name.
        version: Its version.
        app_version: Version of the application; may be empty.
        kubernetes: Supported range of Kubernetes versions (``kubeVersion``); empty: any.
        digest: ``sha256:...`` of the archive, manifest or files; empty if the repository has none.
        api_version: ``v1``, or ``v2`` for charts that need Helm 3; empty in very old charts.
    """

    name: str
    version: str
    app_version: str
    kubernetes: str
    digest: str
    api_version: str = ""

    @classmethod
    def of(cls, document: Mapping[str, Any], digest: str) -> ChartMetadata:
        """Reads an entry of an index, or the content of ``Chart.yaml``."""

        def text(key: str) -> str:
            value = document.get(key)
            return str(value) if isinstance(value, str | int | float) else ""

        return cls(
            name=text("name"),
            version=text("version"),
            app_version=text("appVersion"),
            kubernetes=text("kubeVersion"),
            digest=f"sha256:{digest.removeprefix('sha256:')}" if digest else "",
            api_version=text("apiVersion"),
        )

    def findings(self, kubernetes: str, api_versions: Collection[str]) -> Iterator[Finding]:
        """Why this cluster and Helm engine cannot run the chart.

        Args:
            kubernetes: The cluster's ``major.minor``.
            api_versions: Values of ``apiVersion`` that the engine supports.
        """
        shown = f"chart {self.name} {self.version}"
        if self.api_version and self.api_version not in api_versions:
            yield Finding(
                "version,api_versions",
                f"{shown} has apiVersion {self.api_version}, which this version of Helm does not support",
                f"Choose a version of the chart with apiVersion {' or '.join(api_versions)}",
            )
        try:
            fits = not self.kubernetes or versions.minor_satisfies(kubernetes, self.kubernetes)
        except ValueError as error:
            problem = f"{shown} has an invalid kubeVersion: {error}"
            yield Finding("version", problem, "Choose another version")
            return
        if not fits:
            yield Finding(
                "version,kubernetes_version",
                f"{shown} requires Kubernetes {self.kubernetes}, but the cluster has {kubernetes}",
                "Choose another version of the chart",
            )
