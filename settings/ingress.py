"""Settings of the ingress controller and of the chart repositories."""

from __future__ import annotations

from collections.abc import Iterator

from pydantic import Field, SecretStr

from domain import ingress_values
from settings.problem import Problem
from settings.types import Cidr, File, Minutes, Port, Section, Values


class IngressSettings(Section):
    """The ingress controller's chart and address, and what every chart repository needs."""

    ingress_chart: str = "ingress-nginx"
    ingress_chart_repository: str = "https://kubernetes.github.io/ingress-nginx"
    ingress_chart_version: str = Field(examples=["4.11.5"])
    ingress_values: Values = {}
    ingress_http_port: Port = 80
    ingress_https_port: Port = 443
    vip_cidr: Cidr | None = None
    ingress_timeout_minutes: Minutes = 10
    chart_repository_ca_file: File | None = None
    chart_repository_username: str = ""
    chart_repository_password: SecretStr | None = None

    def ingress_problems(self) -> Iterator[Problem]:
        """What is wrong between these keys, each of which is right by itself."""
        if self.ingress_http_port == self.ingress_https_port:
            yield Problem(
                "ingressHttpPort",
                "is also ingressHttpsPort. Use 80 and 443, or two other ports",
                str(self.ingress_http_port),
                ("ingressHttpsPort",),
            )
        yield from repository_problem("ingressChartRepository", self.ingress_chart_repository)
        if bool(self.chart_repository_username) != bool(self.chart_repository_password):
            yield Problem(
                "chartRepositoryUsername",
                "goes together with chartRepositoryPassword. Set both or neither",
                self.chart_repository_username,
                ("chartRepositoryPassword",),
            )
        for text in ingress_values.problems(self.ingress_values):
            yield Problem("ingressValues", str(text))


def repository_problem(key: str, address: str) -> Iterator[Problem]:
    """Whether a chart repository's address has the right form; empty means a chart on disk."""
    if address and not address.startswith(("https://", "http://", "oci://")):
        yield Problem(key, "must be an https://, http:// or oci:// address", address)
