"""Settings of Rancher's chart."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Annotated

from pydantic import AfterValidator, Field

from domain import rancher_values
from domain.finding import Finding
from domain.rancher_releases import release
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
    rancher_extra_hostnames: list[DnsName] = []
    rancher_chart: Name = "rancher"
    rancher_chart_repository: Name = "https://releases.rancher.com/server-charts/stable"
    rancher_version: Annotated[str, AfterValidator(_version)] = Field(examples=["2.8.5"])
    rancher_replicas: Annotated[int, Field(ge=1)] = 3
    rancher_values: Values = {}
    rancher_upgrade_check: bool = True
    rancher_timeout_minutes: Minutes = 20

    @property
    def hostnames(self) -> tuple[str, ...]:
        """All names by which Rancher is reached, its own first."""
        return (self.rancher_hostname, *self.rancher_extra_hostnames)

    def findings(self, kubernetes_version: str) -> Iterator[Finding]:
        """What is wrong between these keys and the Kubernetes version, which may be unknown (empty)."""
        versions = ("rancherVersion", "kubernetesVersion")
        if len(set(self.hostnames)) < len(self.hostnames):
            yield Finding(
                "rancherExtraHostnames",
                "must name each host once, and not rancherHostname",
                "Remove what is repeated",
                ", ".join(self.rancher_extra_hostnames),
                depends_on=("rancherHostname",),
            )
        yield from repository_findings("rancherChartRepository", self.rancher_chart_repository)
        version = release(self.rancher_version)
        for finding in version.findings(kubernetes_version) if kubernetes_version else ():
            if finding.severity == "error":
                yield replace(finding, key="rancherVersion", value=self.rancher_version, depends_on=versions)
        conflicts = rancher_values.findings(
            self.rancher_values, version, hostname=self.rancher_hostname, replicas=self.rancher_replicas
        )
        others = ("rancherValues", "rancherHostname", "rancherReplicas", *versions)
        for finding in conflicts:
            yield replace(finding, key=f"rancherValues.{finding.key}", depends_on=others)
