"""Settings of Rancher's chart."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

from pydantic import Field

from domain import rancher_values
from domain.rancher_releases import release
from settings.ingress import repository_problem
from settings.problem import Problem
from settings.types import DnsName, Minutes, Section, Values


class RancherSettings(Section):
    """Rancher: its name, version, replicas and values."""

    rancher_hostname: DnsName = Field(examples=["rancher.example.com"])
    rancher_chart: str = "rancher"
    rancher_chart_repository: str = "https://releases.rancher.com/server-charts/stable"
    rancher_version: str = Field(examples=["2.8.5"], pattern=r"^\d+\.\d+\.\d+([-+].+)?$")
    rancher_replicas: Annotated[int, Field(ge=1)] = 3
    rancher_values: Values = {}
    rancher_upgrade_check: bool = True
    rancher_timeout_minutes: Minutes = 20

    def rancher_problems(self, kubernetes_version: str) -> Iterator[Problem]:
        """What is wrong between these keys, each of which is right by itself."""
        versions = ("rancherVersion", "kubernetesVersion")
        yield from repository_problem("rancherChartRepository", self.rancher_chart_repository)
        version = release(self.rancher_version)
        for found in version.findings(kubernetes_version):
            if found.severity == "error":
                yield Problem(
                    "rancherVersion", f"{found.problem}. {found.remedy}", self.rancher_version, versions
                )
        conflicts = rancher_values.findings(
            self.rancher_values,
            version,
            hostname=self.rancher_hostname,
            replicas=self.rancher_replicas,
        )
        for found in conflicts:
            others = ("rancherHostname", "rancherReplicas", *versions)
            yield Problem("rancherValues", str(found), others=others)
