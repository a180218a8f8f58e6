"""``ChartCheck``: whether a chart exists, can be downloaded, and supports Helm engine and Kubernetes."""

from __future__ import annotations

import os
from collections.abc import Iterator

from components.helm.chart import CREDENTIALS
from components.helm.chart_reference import ChartReference
from components.runtime.credentials import Lookup
from components.runtime.preflight import Check
from components.runtime.provider import Properties
from components.runtime.waiting import retry
from domain import versions
from domain.finding import Finding

_REFERENCE = ("chart", "repository", "version", "ca_file", "username")


class ChartCheck(Check):
    """Looks a chart up. Inputs: see ``components.helm.chart.HelmChart.inputs``."""

    def findings(self, wanted: Properties, before: Properties, config: Lookup) -> Iterator[Finding]:
        from components.helm.chart_repository import resolve  # noqa: PLC0415 - only a new chart is looked up

        del before
        password = CREDENTIALS.read(config, os.environ)["password"]
        reference = ChartReference(**{name: wanted[name] for name in _REFERENCE}, password=password)
        found = retry(lambda: resolve(reference))
        shown, supported = f"chart {found.name} {found.version}", wanted["api_versions"]
        if found.api_version and found.api_version not in supported:
            yield Finding(
                "version,api_versions",
                f"{shown} has apiVersion {found.api_version}, which this version of Helm does not support",
                f"Choose a version of the chart with apiVersion {' or '.join(supported)}",
            )
        kubernetes = wanted["kubernetes_version"]
        try:
            fits = not found.kubernetes or versions.minor_satisfies(kubernetes, found.kubernetes)
        except ValueError as error:
            problem = f"{shown} has an invalid kubeVersion: {error}"
            yield Finding("version", problem, "Choose another version")
            return
        if not fits:
            yield Finding(
                "version,kubernetes_version",
                f"{shown} requires Kubernetes {found.kubernetes}, but the cluster has {kubernetes}",
                "Choose another version of the chart",
            )
