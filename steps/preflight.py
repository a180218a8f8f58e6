"""Checks before the cluster is ordered: charts, Helm v2, pod network, DNS server, ESXi hosts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pulumi

from components.capacity import CapacityPlan, CapacityPlanArgs
from components.dns import UpdateAccess
from components.helm import Helm2Commands, HelmChart, HelmChartArgs
from components.placement import Hosts
from settings import Settings, secret_text


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
    resources = [ingress_chart, rancher_chart, *_optional(settings)]
    return Preflight(
        ingress_chart, rancher_chart, capacity, [*resources, *([capacity.ready] if capacity else [])]
    )


def _optional(settings: Settings) -> Iterator[pulumi.Resource]:
    """The checks that only some settings need."""
    helm, dns, cluster = settings.helm, settings.dns, settings.cluster
    if helm.helm_engine == "v2":
        yield Helm2Commands(
            "helm2",
            mode=helm.tiller_mode,
            helm=helm.helm2_cli,
            tiller=helm.tiller_cli,
            image=helm.tiller_image,
        )
    if dns.dns_mode == "rfc2136":
        yield UpdateAccess(
            "dns-access",
            hostnames=settings.dns_names,
            server=dns.dns_server or "",
            zone=dns.dns_zone or "",
        )
    placement = settings.placement.placement_for(cluster.plan_masters, cluster.worker_count)
    if placement:
        yield Hosts("hosts", placement)


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
            password=secret_text(access.chart_repository_password),
            helm=2 if settings.helm.helm_engine == "v2" else 3,
        ),
    )


def _capacity(settings: Settings) -> CapacityPlan | None:
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
