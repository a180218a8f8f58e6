"""What may refuse the plan before anything is ordered: charts, Helm v2, pod network, DNS server, hosts."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi

from components.capacity import CapacityPlan, CapacityPlanArgs
from components.helm import HelmChart, HelmChartArgs
from components.helm.chart import CREDENTIALS
from components.placement import PlacementPreflight
from settings import Settings, secret_text
from steps.dns import preflight as dns_preflight
from steps.helm import helm_choice


@dataclass(frozen=True)
class Checks:
    """What was checked.

    Attributes:
        ingress_chart: The ingress controller's chart.
        rancher_chart: Rancher's chart.
        capacity: The plan for the pod network; None without figures of it.
        resources: Depend on them for an environment that refuses nothing.
    """

    ingress_chart: HelmChart
    rancher_chart: HelmChart
    capacity: CapacityPlan | None
    resources: list[pulumi.Resource]


def checks(settings: Settings) -> Checks:
    """Find charts and Helm v2, judge the plan, ask the DNS server for its leave and vCenter for its hosts."""
    ingress_chart = _chart(
        settings,
        "ingress-chart",
        settings.ingress_chart,
        settings.ingress_chart_repository,
        settings.ingress_chart_version,
    )
    rancher_chart = _chart(
        settings,
        "rancher-chart",
        settings.rancher_chart,
        settings.rancher_chart_repository,
        settings.rancher_version,
    )
    resources: list[pulumi.Resource] = [ingress_chart, rancher_chart]
    capacity = _capacity(settings)
    if capacity:
        resources.append(capacity.ready)
    resources += helm_choice(settings).preflight(settings)
    if access := dns_preflight(settings):
        resources.append(access)
    if settings.placement:
        resources.append(PlacementPreflight("hosts", placement=settings.placement))
    return Checks(ingress_chart, rancher_chart, capacity, resources)


def _chart(settings: Settings, name: str, chart: str, repository: str, version: str) -> HelmChart:
    return HelmChart(
        name,
        HelmChartArgs(
            chart=chart,
            repository=repository,
            version=version,
            kubernetes_version=settings.kubernetes_version,
            ca_file=settings.chart_repository_ca_file,
            username=settings.chart_repository_username,
            password=_chart_password(settings),
            api_versions=helm_choice(settings).api_versions,
        ),
    )


def _chart_password(settings: Settings) -> str | None:
    """As the chart's provider reads it: the environment wins."""
    given = secret_text(settings.chart_repository_password)
    return CREDENTIALS.read(lambda _key: given, os.environ)["password"] or None


def _capacity(settings: Settings) -> CapacityPlan | None:
    plan = settings.capacity_plan
    if plan is None:
        return None
    measured_at = settings.pod_network_measured_at
    return CapacityPlan(
        "capacity",
        CapacityPlanArgs(
            plan=plan,
            pools=tuple(settings.network_profile_parameters.get("fip_pool_ids", ())),
            measured_at=measured_at.isoformat() if measured_at else "",
        ),
    )
