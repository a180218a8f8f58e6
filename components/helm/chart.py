"""``HelmChart``: one version of a chart, as releases and the preflight need it."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import Any

import pulumi

from domain.charts import ChartReference
from domain.credentials import Field, System

CREDENTIALS = System(
    "chartRepository",
    "the chart repositories",
    (Field("password", "CHART_REPOSITORY_PASSWORD", secret=True),),
)


@dataclass(frozen=True, kw_only=True)
class HelmChart:
    """One version of a chart.

    Attributes:
        chart: Name in the repository; or a local path, which has a slash, a leading dot or ends in ``.tgz``.
        repository: ``https://``, ``http://`` or ``oci://`` URL without credentials; unused for a local chart.
        version: Exact version.
        kubernetes_version: ``major.minor`` that the chart's ``kubeVersion`` must accept.
        ca_file: PEM file with the CAs of the repository; None: the system's.
        username: User name for the repository.
        password: Secret; the environment (``CREDENTIALS``) takes precedence.
        api_versions: Values of the chart's ``apiVersion`` that the Helm engine supports.
    """

    chart: str
    repository: str
    version: str
    kubernetes_version: str
    ca_file: str | None = None
    username: str = ""
    password: pulumi.Input[str] | None = field(default=None, repr=False)
    api_versions: tuple[str, ...] = ("v1", "v2")

    @property
    def reference(self) -> ChartReference:
        """The chart without the password."""
        return ChartReference(self.chart, self.repository, self.version)

    @property
    def locator(self) -> str:
        """The chart as Helm expects it: a path, an ``oci://`` URL, or a name."""
        return self.reference.locator

    @property
    def name(self) -> str:
        """Name in ``Chart.yaml``.

        Raises:
            ChartError: A local chart cannot be read.
        """
        from components.helm import local_chart  # noqa: PLC0415 - only the repair of a release needs it

        return local_chart.find(self.reference).name if self.reference.is_local else self.chart

    @property
    def login_password(self) -> pulumi.Input[str] | None:
        """The password that the environment or the arguments give; a secret."""
        found = CREDENTIALS.read(lambda _key: None, os.environ)["password"] or self.password
        return None if found is None else pulumi.Output.secret(found)

    @property
    def repository_input(self) -> pulumi.Input[str]:
        """The repository; a secret if its URL has a query, which may be a signature."""
        if self.reference.is_local:
            return ""
        return pulumi.Output.secret(self.repository) if "?" in self.repository else self.repository

    @property
    def inputs(self) -> pulumi.Input[dict[str, Any]]:
        """What ``ChartCheck`` needs; a secret like the repository."""
        known: dict[str, Any] = {
            "chart": self.chart,
            "repository": "" if self.reference.is_local else self.repository,
            "version": self.version,
            "kubernetes_version": self.kubernetes_version,
            "ca_file": self.ca_file or "",
            "username": self.username,
            "api_versions": list(self.api_versions),
        }
        return pulumi.Output.secret(known) if isinstance(self.repository_input, pulumi.Output) else known

    @property
    def repository_options(self) -> dict[str, pulumi.Input[str]] | None:
        """``repositoryOpts`` of a Helm release; None for a local chart."""
        reference = self.reference
        if reference.is_local:
            return None
        options: dict[str, pulumi.Input[str] | None] = {
            "repo": None if reference.is_oci else self.repository_input,
            "caFile": self.ca_file,
            "username": self.username or None,
            "password": self.login_password,
        }
        return {key: value for key, value in options.items() if value is not None} or None
