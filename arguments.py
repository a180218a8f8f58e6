"""From settings to the arguments of each component; ``__main__`` tells which waits for which."""

from __future__ import annotations

import os

import pulumi

from capacity.model import Plan
from capacity.nsx import Access
from components.certificates.component import RancherCertificates, RancherCertificatesArgs
from components.dns import DnsRecordArgs
from components.helm import HelmChart, HelmChartArgs, Tiller, TillerArgs
from components.ingress.component import IngressController, IngressControllerArgs, RancherIngressArgs
from components.pks.component import PksCluster, PksClusterArgs
from components.placement import AntiAffinityArgs, Placement
from components.pod_network import CapacityPlanArgs
from components.rancher import RancherBootstrapArgs, RancherServerArgs
from settings import Settings, secret_text


def ingress_chart(settings: Settings) -> HelmChartArgs:
    """The ingress controller's chart."""
    return _chart(
        settings,
        settings.ingress_chart,
        settings.ingress_chart_repository,
        settings.ingress_chart_version,
    )


def rancher_chart(settings: Settings) -> HelmChartArgs:
    """Rancher's chart."""
    return _chart(
        settings, settings.rancher_chart, settings.rancher_chart_repository, settings.rancher_version
    )


def capacity(settings: Settings, plan: Plan) -> CapacityPlanArgs:
    """The plan for the pod network; the environment's credentials of NSX-T win over the config's."""
    manager = os.environ.get("NSXT_MANAGER") or settings.nsx_manager
    access = Access(
        manager=manager,
        username=os.environ.get("NSXT_USERNAME") or settings.nsx_username,
        password=os.environ.get("NSXT_PASSWORD") or secret_text(settings.nsx_password) or "",
        ca_file=os.environ.get("NSXT_CA_FILE") or settings.nsx_ca_certificate_file or "",
    )
    measured_at = settings.pod_network_measured_at
    return CapacityPlanArgs(
        plan=plan,
        access=access if manager else None,
        pools=tuple(settings.network_profile_parameters.get("fip_pool_ids", ())),
        measured_at=measured_at.isoformat() if measured_at else "",
    )


def cluster(settings: Settings) -> PksClusterArgs:
    """The cluster, its network profile and what its plan must have."""
    return PksClusterArgs(
        cluster=settings.cluster_name,
        external_hostname=settings.external_hostname,
        plan=settings.plan,
        plan_masters=settings.plan_masters,
        plan_workers=settings.plan_workers,
        plan_privileged=settings.plan_privileged,
        workers=settings.workers,
        kubernetes_version=settings.kubernetes_version,
        network_profile=settings.network_profile,
        network_profile_description=settings.network_profile_description,
        network_profile_parameters=settings.network_profile_parameters,
        compute_profile=settings.compute_profile,
        tags=settings.cluster_tags,
        api_access=settings.api_access,
        timeout_minutes=settings.cluster_timeout_minutes,
        protect=settings.protect_cluster,
    )


def anti_affinity(settings: Settings, placement: Placement, cluster: PksCluster) -> AntiAffinityArgs:
    """The DRS rules of the cluster's VMs."""
    return AntiAffinityArgs(
        placement=placement,
        cluster_name=settings.cluster_name,
        cluster_uuid=cluster.uuid,
        server=settings.vsphere_server,
        user=settings.vsphere_user,
        password=secret_text(settings.vsphere_password),
    )


def certificates(
    settings: Settings, namespace: pulumi.Input[str], in_cluster: pulumi.ResourceOptions
) -> RancherCertificatesArgs:
    """Rancher's certificate; only its Secrets get the options of what lives in the cluster."""
    return RancherCertificatesArgs(
        files=settings.certificate_files,
        namespace=namespace,
        tls_secret_name=settings.tls_secret_name,
        organization=settings.certificate_organization or None,
        secret_opts=in_cluster,
    )


def dns(settings: Settings, hostname: str, address: pulumi.Input[str]) -> DnsRecordArgs:
    """The record of one host name, in a mode that makes one."""
    assert settings.dns_mode != "none"  # noqa: S101 - the caller asks Settings.dns_hostnames
    return DnsRecordArgs(
        hostname=hostname,
        address=address,
        mode=settings.dns_mode,
        ttl=settings.dns_ttl,
        server=settings.dns_server or "",
        zone=settings.dns_zone or "",
        create_command=settings.dns_create_command,
        delete_command=settings.dns_delete_command,
        resolver=settings.dns_resolver or "",
        timeout_minutes=settings.dns_timeout_minutes,
    )


def tiller(settings: Settings, cluster: PksCluster) -> TillerArgs:
    """Helm v2 and its Tiller."""
    return TillerArgs(
        kubeconfig=cluster.kubeconfig,
        mode=settings.tiller_mode,
        helm=settings.helm2_cli,
        tiller=settings.tiller_cli,
        image=settings.tiller_image,
    )


def ingress(
    settings: Settings,
    chart: HelmChart,
    cluster: PksCluster,
    namespace: pulumi.Input[str],
    tiller: Tiller | None,
) -> IngressControllerArgs:
    """The ingress controller."""
    return IngressControllerArgs(
        chart=chart,
        namespace=namespace,
        kubeconfig=cluster.kubeconfig,
        values=settings.ingress_values,
        http_port=settings.ingress_http_port,
        https_port=settings.ingress_https_port,
        vip_cidr=settings.vip_cidr,
        timeout_minutes=settings.ingress_timeout_minutes,
        tiller=tiller,
    )


def rancher_ingress(settings: Settings, namespace: pulumi.Input[str]) -> RancherIngressArgs:
    """Rancher's Ingress."""
    return RancherIngressArgs(
        namespace=namespace,
        hostname=settings.rancher_hostname,
        tls_secret_name=settings.tls_secret_name,
        kubernetes_version=settings.kubernetes_version,
    )


def rancher(
    settings: Settings,
    *,
    chart: HelmChart,
    cluster: PksCluster,
    namespace: pulumi.Input[str],
    certificates: RancherCertificates,
    controller: IngressController,
    tiller: Tiller | None,
) -> RancherServerArgs:
    """Rancher itself."""
    return RancherServerArgs(
        chart=chart,
        hostname=settings.rancher_hostname,
        replicas=settings.rancher_replicas,
        namespace=namespace,
        kubeconfig=cluster.kubeconfig,
        values=settings.rancher_values,
        vip=controller.vip,
        https_port=settings.ingress_https_port,
        ca_bundle=certificates.ca_bundle,
        timeout_minutes=settings.rancher_timeout_minutes,
        triggers=(certificates.fingerprint,),
        tiller=tiller,
    )


def bootstrap(
    settings: Settings,
    *,
    cluster: PksCluster,
    certificates: RancherCertificates,
    controller: IngressController,
) -> RancherBootstrapArgs:
    """Rancher's first start."""
    return RancherBootstrapArgs(
        address=controller.vip,
        port=settings.ingress_https_port,
        hostname=settings.rancher_hostname,
        ca_bundle=certificates.ca_bundle,
        version=settings.rancher_version,
        kubeconfig=cluster.kubeconfig,
        password=secret_text(settings.rancher_admin_password),
        telemetry=settings.rancher_telemetry,
        token_days=settings.rancher_token_days,
        renew_days=settings.rancher_token_renew_days,
        local_timeout_minutes=settings.rancher_local_timeout_minutes,
    )


def _chart(settings: Settings, chart: str, repository: str, version: str) -> HelmChartArgs:
    return HelmChartArgs(
        chart=chart,
        repository=repository,
        version=version,
        kubernetes_version=settings.kubernetes_version,
        ca_file=settings.chart_repository_ca_file,
        username=settings.chart_repository_username,
        password=secret_text(settings.chart_repository_password),
        helm=2 if settings.helm_engine == "v2" else 3,
    )
