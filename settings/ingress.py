"""Settings of the ingress controller and of the chart repositories."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from pydantic import Field, SecretStr

from domain import ingress_values
from domain.finding import Finding
from domain.urls import has_credentials, public_url
from settings.types import Cidr, File, Minutes, Name, Port, Section, Values


class IngressSettings(Section):
    """The ingress controller's chart and address, and what every chart repository needs."""

    ingress_chart: Name = "ingress-nginx"
    ingress_chart_repository: Name = "https://kubernetes.github.io/ingress-nginx"
    ingress_chart_version: Name = Field(examples=["4.11.5"])
    ingress_values: Values = {}
    ingress_http_port: Port = 80
    ingress_https_port: Port = 443
    vip_cidr: Cidr | None = None
    ingress_timeout_minutes: Minutes = 10
    chart_repository_ca_file: File | None = None
    chart_repository_username: Name = ""
    chart_repository_password: SecretStr | None = None

    def findings(self) -> Iterator[Finding]:
        """What is wrong between these keys."""
        if self.ingress_http_port == self.ingress_https_port:
            yield Finding(
                "ingressHttpPort",
                "is also ingressHttpsPort",
                "Use 80 and 443, or two other ports",
                str(self.ingress_http_port),
                depends_on=("ingressHttpsPort",),
            )
        yield from repository_findings("ingressChartRepository", self.ingress_chart_repository)
        if bool(self.chart_repository_username) != bool(self.chart_repository_password):
            yield Finding(
                "chartRepositoryUsername",
                "is valid only together with chartRepositoryPassword",
                "Set both or neither",
                self.chart_repository_username,
                depends_on=("chartRepositoryPassword",),
            )
        for finding in ingress_values.problems(self.ingress_values):
            yield replace(finding, key=f"ingressValues.{finding.key}", depends_on=("ingressValues",))


def repository_findings(key: str, address: str) -> Iterator[Finding]:
    """What is wrong with the URL of a chart repository; an empty one means a chart on this machine."""
    shown = public_url(address)
    if has_credentials(address):
        yield Finding(
            key,
            "contains credentials",
            "Remove them, and set chartRepositoryUsername and chartRepositoryPassword (--secret)",
            shown,
        )
    elif address and not address.startswith(("https://", "http://", "oci://")):
        yield Finding(key, "must be an https://, http:// or oci:// URL", value=shown)
    elif address.startswith("oci://") and shown != address:
        yield Finding(key, "is an OCI registry, whose URL has no query or fragment", "Remove it", shown)
