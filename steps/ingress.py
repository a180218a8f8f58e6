"""Steps 2 and 4: Tiller for Helm v2; nginx behind an NSX-T virtual IP, Ingress, a 503 with a green lock."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi

from components.certificates.component import RancherCertificates
from components.dns import record_text
from components.helm import Tiller, TillerArgs
from components.ingress.component import (
    IngressController,
    IngressControllerArgs,
    RancherIngress,
    RancherIngressArgs,
)
from components.rancher.endpoint_check import Check
from settings import Settings
from steps.cluster import InCluster
from steps.dns import record
from steps.preflight import Preflight


@dataclass(frozen=True)
class Endpoint:
    """Where Rancher will be reached.

    Attributes:
        certificates: The certificates that it presents.
        vip: Virtual IP of the ingress controller.
        dns_record: The DNS record that leads there: created, or to be created by hand.
        ready: The check that clients trust its TLS.
    """

    certificates: RancherCertificates
    vip: pulumi.Output[str]
    dns_record: pulumi.Output[str]
    ready: pulumi.Resource


def tiller(settings: Settings, in_cluster: InCluster) -> Tiller | None:
    """Tiller for the releases of Helm v2; None with Helm 3."""
    helm = settings.helm
    if helm.helm_engine != "v2":
        return None
    args = TillerArgs(
        kubeconfig=in_cluster.cluster.kubeconfig,
        mode=helm.tiller_mode,
        helm=helm.helm2_cli,
        tiller=helm.tiller_cli,
        image=helm.tiller_image,
    )
    return Tiller("tiller", args, in_cluster.options)


def ingress(
    settings: Settings,
    preflight: Preflight,
    in_cluster: InCluster,
    certificates: RancherCertificates,
    tiller: Tiller | None,
) -> Endpoint:
    """Controller, DNS record and Ingress, checked at the virtual IP itself."""
    hostname = settings.rancher.rancher_hostname
    controller = _controller(settings, preflight, in_cluster, tiller)
    vip = controller.vip
    created = record(settings, "rancher-dns", hostname, vip)
    route = RancherIngress(
        "rancher-ingress",
        RancherIngressArgs(
            namespace=in_cluster.namespace,
            hostname=hostname,
            tls_secret_name=settings.certificates.tls_secret_name,
            kubernetes_version=settings.cluster.kubernetes_version,
        ),
        pulumi.ResourceOptions.merge(
            in_cluster.options,
            pulumi.ResourceOptions(depends_on=[*controller.ready, *certificates.secrets]),
        ),
    )
    return Endpoint(
        certificates=certificates,
        vip=vip,
        dns_record=created.record if created else record_text(hostname, settings.dns.dns_ttl, vip),
        ready=_endpoint_check(settings, in_cluster, certificates, vip, route),
    )


def _controller(
    settings: Settings, preflight: Preflight, in_cluster: InCluster, tiller: Tiller | None
) -> IngressController:
    given = settings.ingress
    return IngressController(
        "ingress",
        IngressControllerArgs(
            chart=preflight.ingress_chart,
            namespace=in_cluster.namespace,
            kubeconfig=in_cluster.cluster.kubeconfig,
            values=given.ingress_values,
            http_port=given.ingress_http_port,
            https_port=given.ingress_https_port,
            vip_cidr=given.vip_cidr,
            timeout_minutes=given.ingress_timeout_minutes,
            tiller=tiller,
        ),
        in_cluster.options,
    )


def _endpoint_check(
    settings: Settings,
    in_cluster: InCluster,
    certificates: RancherCertificates,
    vip: pulumi.Output[str],
    route: RancherIngress,
) -> Check:
    cluster = in_cluster.cluster
    return Check(
        "endpoint",
        address=vip,
        port=settings.ingress.ingress_https_port,
        hostname=settings.rancher.rancher_hostname,
        ca_bundle=certificates.ca_bundle,
        expect="ingress",
        timeout_minutes=settings.ingress.ingress_timeout_minutes,
        triggers=[cluster.uuid, certificates.fingerprint],
        opts=pulumi.ResourceOptions(depends_on=route, deleted_with=cluster.resource),
    )
