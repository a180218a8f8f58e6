"""Settings of Rancher's chart."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Annotated

from pydantic import AfterValidator, Field

from domain import rancher_releases as compatibility
from domain import rancher_values
from domain.finding import Finding
from domain.versions import Version
from settings.ingress import repository_findings
from settings.types import DnsName, Minutes, Name, Section, Values

_VERSION = re.compile(r"[0-9]+\.[0-9]+\.[0-9]+([-+][0-9A-Za-z.+-]+)?")


def _version(value: str) -> str:
    if not _VERSION.fullmatch(value):
        raise ValueError("must be a version with three numbers")
    Version.parse(value)
    return value


class RancherSettings(Section):
    """Rancher: its name, version, replicas and values."""

    rancher_hostname: DnsName = Field(examples=["rancher.example.com"])
    rancher_chart: Name = "rancher"
    rancher_chart_repository: Name = "https://releases.rancher.com/server-charts/stable"
    rancher_version: Annotated[str, AfterValidator(_version)] = Field(examples=["2.8.5"])
    rancher_replicas: Annotated[int, Field(ge=1)] = 3
    rancher_values: Values = {}
    rancher_timeout_minutes: Minutes = 20

    def findings(self, kubernetes_version: str) -> Iterator[Finding]:
        """What is wrong between these keys and the Kubernetes version."""
        versions = ("rancherVersion", "kubernetesVersion")
        yield from repository_findings("rancherChartRepository", self.rancher_chart_repository)
        if mismatch := compatibility.problem(self.rancher_version, kubernetes_version):
            yield Finding("rancherVersion", mismatch, value=self.rancher_version, depends_on=versions)
        found = rancher_values.problems(
            self.rancher_values,
            self.rancher_version,
            hostname=self.rancher_hostname,
            replicas=self.rancher_replicas,
        )
        for text in found:
            yield Finding("rancherValues", text, depends_on=("rancherHostname", "rancherReplicas", *versions))
