"""``ChartCheck``: whether a chart exists, can be downloaded, and supports Helm engine and Kubernetes."""

from __future__ import annotations

import os
from collections.abc import Iterator

from components.helm.chart import CREDENTIALS
from components.runtime.preflight import Check
from components.runtime.provider import Properties
from components.runtime.waiting import retry
from domain.charts import ChartReference
from domain.credentials import Lookup
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
        yield from found.findings(wanted["kubernetes_version"], wanted["api_versions"])
