"""Checks before the cluster is ordered: charts, Helm v2, pod network, DNS server, ESXi hosts."""

from __future__ import annotations

import os
from dataclasses import dataclass

import pulumi

from components.capacity.component import CapacityPlan, CapacityPlanArgs
from components.helm.chart import CREDENTIALS, HelmChart, HelmChartArgs
from components.pks.cli import shared
from components.pks.credentials import resolve
from components.placement.preflight import PlacementPreflight
from components.runtime.errors import ProviderError
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
            password=_chart_password(settings),
            api_versions=helm_choice(settings).api_versions,
        ),
    )


def _chart_password(settings: Settings) -> str | None:
    """The password as the chart's provider reads it: the environment wins."""
    given = secret_text(settings.ingress.chart_repository_password)
    return CREDENTIALS.read(lambda _key: given, os.environ)["password"] or None


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
            find_cluster=lambda: _cluster_uuid(settings.cluster.cluster_name),
        ),
    )


def _cluster_uuid(name: str) -> str | None:
    """UUID of the cluster of that name in PKS; one that is not the stack's is refused by the preflight."""
    try:
        live = shared(resolve(pulumi.Config().get, os.environ)).cluster(name)
    except ProviderError:  # which the preflight of the foundation reports
        return None
    return live.uuid if live else None
