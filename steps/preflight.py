"""Checks before the cluster is ordered: of PKS, charts, Helm v2, pod network, DNS server and ESXi hosts."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pulumi

from capacity.model import figures
from components.capacity.component import CapacityPlan, CapacityPlanArgs
from components.capacity.nsx_manager import NSX
from components.helm.chart import HelmChart
from components.pks.cli import shared
from components.pks.credentials import resolve
from components.preflight import Preflight as PreflightChecks
from components.runtime.errors import ProviderError
from domain import foundation
from settings import REPORTED, Settings, secret_text
from steps.dns import preflight as dns_preflight
from steps.helm import helm_choice
from steps.kubernetes_version import kubernetes_version
from steps.stack_images import preflight as images_preflight

Inputs = pulumi.Input[Mapping[str, Any]]


@dataclass(frozen=True)
class Preflight:
    """What is known before anything is created.

    Attributes:
        ingress_chart: The ingress controller's chart.
        rancher_chart: Rancher's chart.
        capacity: The plan for the pod network; None without podNetwork.
        options: For everything that may be created only after all checks.
    """

    ingress_chart: HelmChart
    rancher_chart: HelmChart
    capacity: CapacityPlan | None
    options: pulumi.ResourceOptions


def preflight(settings: Settings) -> Preflight:
    """Ask every system side by side, then judge the plan for the pod network."""
    ingress, rancher, kubernetes = settings.ingress, settings.rancher, kubernetes_version(settings)

    def chart(name: str, repository: str, version: str) -> HelmChart:
        return _chart(settings, name, repository, version, kubernetes)

    charts = {
        "ingress_chart": chart(
            ingress.ingress_chart, ingress.ingress_chart_repository, ingress.ingress_chart_version
        ),
        "rancher_chart": chart(
            rancher.rancher_chart, rancher.rancher_chart_repository, rancher.rancher_version
        ),
    }
    checks: dict[str, Inputs] = {name: chart.inputs for name, chart in charts.items()}
    checks |= {name: inputs for name, inputs in _checks(settings) if inputs}
    asked = PreflightChecks("preflight", checks)
    if "certificates" in checks:
        sys.exit(REPORTED)  # the preflight fails; nothing else can be declared without a certificate
    capacity = _capacity(settings, asked)
    ready = [asked, capacity.ready] if capacity else [asked]
    return Preflight(**charts, capacity=capacity, options=pulumi.ResourceOptions(depends_on=ready))


def _checks(settings: Settings) -> Iterator[tuple[str, Inputs | None]]:
    """Name and inputs of each check; no inputs: it does not apply."""
    cluster = settings.cluster
    yield (
        "foundation",
        foundation.inputs(
            cluster.spec,
            masters=cluster.plan_masters,
            workers=cluster.plan_workers,
            privileged=cluster.plan_privileged,
            network_profile_parameters=cluster.network_profile_parameters,
            kubernetes_version=cluster.kubernetes_version,
            check_kubernetes=cluster.kubernetes_version_check,
        ),
    )
    yield "helm2", helm_choice(settings).preflight(settings)
    yield "dns", dns_preflight(settings)
    yield "images", images_preflight(settings)
    placement = settings.placement.placement_for(cluster.plan_masters, cluster.spec.worker_count)
    if placement:
        yield "vcenter", {**asdict(placement), "compute_clusters": list(placement.compute_clusters)}
    if found := settings.certificate_findings():
        shown = ("key", "problem", "remedy", "value")
        yield "certificates", {"problems": [{name: getattr(item, name) for name in shown} for item in found]}
    manager = NSX.read(pulumi.Config().get, os.environ)["manager"]
    if manager and (plan := settings.capacity_plan):
        yield "nsx", {"manager": manager, "figures": figures.to_document(plan), "pools": _pools(settings)}


def _chart(settings: Settings, chart: str, repository: str, version: str, kubernetes: str) -> HelmChart:
    access = settings.ingress
    return HelmChart(
        chart=chart,
        repository=repository,
        version=version,
        kubernetes_version=kubernetes,
        ca_file=access.chart_repository_ca_file,
        username=access.chart_repository_username,
        password=secret_text(access.chart_repository_password),
        api_versions=helm_choice(settings).api_versions,
    )


def _pools(settings: Settings) -> list[str]:
    return list(settings.cluster.network_profile_parameters.get("fip_pool_ids", ()))


def _capacity(settings: Settings, asked: pulumi.Resource) -> CapacityPlan | None:
    """The plan for the pod network; None without podNetwork."""
    plan = settings.capacity_plan
    if plan is None:
        return None
    measured_at = settings.capacity.pod_network_measured_at
    return CapacityPlan(
        "capacity",
        CapacityPlanArgs(
            plan=plan,
            pools=tuple(_pools(settings)),
            measured_at=measured_at.isoformat() if measured_at else "",
            gate=_policy_command(),
            find_cluster=lambda: _cluster_uuid(settings.cluster.cluster_name),
        ),
        pulumi.ResourceOptions(depends_on=asked),
    )


def _policy_command() -> str:
    """The preview of this stack that the policy pack judges."""
    config = Path("policy") / f"config.{pulumi.get_stack()}.json"
    given = f" --policy-pack-config {config}" if config.exists() else ""
    return f"pulumi preview --policy-pack policy{given}"


def _cluster_uuid(name: str) -> str | None:
    """UUID of the cluster of that name in PKS; one that is not the stack's is refused by the preflight."""
    try:
        live = shared(resolve(pulumi.Config().get, os.environ)).cluster(name)
    except ProviderError:  # which the preflight of the foundation reports
        return None
    return live.uuid if live else None
