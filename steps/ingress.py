"""Steps 2 and 4: the Helm engine; nginx behind an NSX-T virtual IP, Ingress, a 503 with a green lock."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi

from components.certificates.component import RancherCertificates
from components.helm.engine import HelmEngine
from components.ingress.component import (
    IngressController,
    IngressControllerArgs,
    RancherIngress,
    RancherIngressArgs,
)
from components.rancher.endpoint import RancherEndpointArgs
from components.rancher.endpoint_check import EndpointCheck
from domain.dns import record_text
from settings import Settings
from steps.cluster import InCluster
from steps.dns import record
from steps.helm import helm_choice
from steps.preflight import Preflight


@dataclass(frozen=True)
class Endpoint:
    """Where Rancher will be reached.

    Attributes:
        certificates: The certificates that it presents.
        rancher: Address, host name and CA bundle.
        vip: Virtual IP of the ingress controller.
        dns_record: The DNS record that leads there: created, or to be created by hand.
        ready: The check that clients trust its TLS.
    """

    certificates: RancherCertificates
    rancher: RancherEndpointArgs
    vip: pulumi.Output[str]
    dns_record: pulumi.Output[str]
    ready: pulumi.Resource


def helm_engine(settings: Settings, in_cluster: InCluster) -> HelmEngine:
    """Installs the charts. Helm v2 needs Tiller, Helm 3 needs nothing in the cluster."""
    return helm_choice(settings).engine(settings, in_cluster.cluster.kubeconfig, in_cluster.options)


def ingress(
    settings: Settings,
    preflight: Preflight,
    in_cluster: InCluster,
    certificates: RancherCertificates,
    engine: HelmEngine,
) -> Endpoint:
    """Controller, DNS record and Ingress, checked at the virtual IP itself."""
    hostname = settings.rancher.rancher_hostname
    controller = _controller(settings, preflight, in_cluster, engine)
    vip = controller.vip
    created = record(settings, "rancher-dns", hostname, vip)
    route = RancherIngress(
        "rancher-ingress",
        RancherIngressArgs(
            namespace=in_cluster.namespace,
            hostname=hostname,
            extra_hostnames=tuple(settings.rancher.rancher_extra_hostnames),
            tls_secret_name=settings.certificates.tls_secret_name,
            kubernetes_version=preflight.rancher_chart.kubernetes_version,
        ),
        pulumi.ResourceOptions.merge(
            in_cluster.options,
            pulumi.ResourceOptions(depends_on=[*controller.ready, *certificates.secrets]),
        ),
    )
    rancher = RancherEndpointArgs(
        address=vip,
        port=settings.ingress.ingress_https_port,
        hostname=hostname,
        ca_bundle=certificates.ca_bundle,
    )
    text = vip.apply(lambda address: record_text(hostname, settings.dns.dns_ttl, address))
    check = EndpointCheck(
        "endpoint",
        endpoint=rancher,
        expect="ingress",
        timeout_minutes=settings.ingress.ingress_timeout_minutes,
        triggers=[in_cluster.cluster.uuid, certificates.fingerprint],
        opts=pulumi.ResourceOptions(depends_on=route, deleted_with=in_cluster.cluster.resource),
    )
    return Endpoint(certificates, rancher, vip, created.record if created else text, check)


def _controller(
    settings: Settings, preflight: Preflight, in_cluster: InCluster, engine: HelmEngine
) -> IngressController:
    given = settings.ingress
    return IngressController(
        "ingress",
        IngressControllerArgs(
            engine=engine,
            chart=preflight.ingress_chart,
            namespace=in_cluster.namespace,
            kubeconfig=in_cluster.cluster.kubeconfig,
            values=given.ingress_values,
            http_port=given.ingress_http_port,
            https_port=given.ingress_https_port,
            images=settings.images.registry,
            vip_cidr=given.vip_cidr,
            timeout_minutes=given.ingress_timeout_minutes,
        ),
        in_cluster.release_options,
    )
