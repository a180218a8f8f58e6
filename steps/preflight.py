"""Checks before the cluster is ordered: charts, Helm v2, pod network, DNS server, ESXi hosts."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi

from components.capacity.component import CapacityPlan, CapacityPlanArgs
from components.helm.chart import HelmChart, HelmChartArgs
from components.placement.preflight import PlacementPreflight
from settings import Settings, secret_text
from steps.dns import preflight as dns_preflight
from steps.helm import helm_choice


@dataclass(frozen=True)
class Preflight:
    """The results of the checks.

    Attributes:
        ingress_chart: The ingress controller's chart.
        rancher_chart: Rancher's chart.
        capacity: The plan for the pod network; None without podNetwork.
        resources: Depend on these to run after all preflight checks.
    """

    ingress_chart: HelmChart
    rancher_chart: HelmChart
    capacity: CapacityPlan | None
    resources: list[pulumi.Resource]


def preflight(settings: Settings) -> Preflight:
    """Find the charts, judge the plan, verify the permission to update DNS, count the ESXi hosts."""
    ingress, rancher = settings.ingress, settings.rancher
    ingress_chart = _chart(
        settings,
        "ingress-chart",
        ingress.ingress_chart,
        ingress.ingress_chart_repository,
        ingress.ingress_chart_version,
    )
    rancher_chart = _chart(
        settings,
        "rancher-chart",
        rancher.rancher_chart,
        rancher.rancher_chart_repository,
        rancher.rancher_version,
    )
    capacity = _capacity(settings)
    resources: list[pulumi.Resource] = [ingress_chart, rancher_chart]
    resources += helm_choice(settings).preflight(settings)
    if capacity:
        resources.append(capacity.ready)
    if access := dns_preflight(settings):
        resources.append(access)
    if placement := settings.placement.placement_for(
        settings.cluster.plan_masters, settings.cluster.spec.worker_count
    ):
        resources.append(PlacementPreflight("hosts", placement=placement))
    return Preflight(ingress_chart, rancher_chart, capacity, resources)


def _chart(settings: Settings, name: str, chart: str, repository: str, version: str) -> HelmChart:
    access = settings.ingress
    return HelmChart(
        name,
        HelmChartArgs(
            chart=chart,
            repository=repository,
            version=version,
            kubernetes_version=settings.cluster.kubernetes_version,
            ca_file=access.chart_repository_ca_file,
            username=access.chart_repository_username,
            password=secret_text(access.chart_repository_password) or None,
            api_versions=helm_choice(settings).api_versions,
        ),
    )


def _capacity(settings: Settings) -> CapacityPlan | None:
    """The plan for the pod network; None without podNetwork."""
    plan = settings.capacity_plan
    if plan is None:
        return None
    measured_at = settings.capacity.pod_network_measured_at
    return CapacityPlan(
        "capacity",
        CapacityPlanArgs(
            plan=plan,
            pools=tuple(settings.cluster.network_profile_parameters.get("fip_pool_ids", ())),
            measured_at=measured_at.isoformat() if measured_at else "",
        ),
    )
