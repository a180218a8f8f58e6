"""Steps 2 and 4: the Helm engine; nginx behind an NSX-T virtual IP, Ingress, a 503 with a green lock."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi

from components.certificates.component import RancherCertificates
from components.helm import HelmEngine
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
from steps.cluster import Inside
from steps.dns import record
from steps.helm import helm_choice
from steps.preflight import Checks


@dataclass(frozen=True)
class Endpoint:
    """Where Rancher will be reached.

    Attributes:
        certificates: What it shows there.
        rancher: The virtual IP, host name and CA bundle that Rancher is reached with.
        vip: Virtual IP of the ingress controller.
        dns_record: The DNS record that leads there: made, or to be made by hand.
        ready: Depend on it for TLS that clients trust.
    """

    certificates: RancherCertificates
    rancher: RancherEndpointArgs
    vip: pulumi.Output[str]
    dns_record: pulumi.Output[str]
    ready: pulumi.Resource


def helm_engine(settings: Settings, inside: Inside) -> HelmEngine:
    """Installs the charts. Helm v2 needs Tiller, Helm 3 needs nothing in the cluster."""
    return helm_choice(settings).engine(settings, inside.cluster.kubeconfig, inside.options)


def ingress(
    settings: Settings,
    checks: Checks,
    inside: Inside,
    certificates: RancherCertificates,
    engine: HelmEngine,
) -> Endpoint:
    """Controller, DNS record and Ingress; the endpoint check goes to the virtual IP itself."""
    cluster, merge = inside.cluster, pulumi.ResourceOptions.merge
    controller = IngressController(
        "ingress",
        IngressControllerArgs(
            engine=engine,
            chart=checks.ingress_chart,
            namespace=inside.namespace,
            kubeconfig=cluster.kubeconfig,
            values=settings.ingress_values,
            http_port=settings.ingress_http_port,
            https_port=settings.ingress_https_port,
            vip_cidr=settings.vip_cidr,
            timeout_minutes=settings.ingress_timeout_minutes,
        ),
        inside.options,
    )
    dns = record(settings, "rancher-dns", settings.rancher_hostname, controller.vip)
    wanted = controller.vip.apply(lambda vip: record_text(settings.rancher_hostname, settings.dns_ttl, vip))
    made = RancherIngress(
        "rancher-ingress",
        RancherIngressArgs(
            namespace=inside.namespace,
            hostname=settings.rancher_hostname,
            tls_secret_name=settings.tls_secret_name,
            kubernetes_version=settings.kubernetes_version,
        ),
        merge(inside.options, pulumi.ResourceOptions(depends_on=[*controller.ready, *certificates.secrets])),
    )
    rancher = RancherEndpointArgs(
        address=controller.vip,
        port=settings.ingress_https_port,
        hostname=settings.rancher_hostname,
        ca_bundle=certificates.ca_bundle,
    )
    check = EndpointCheck(
        "endpoint",
        endpoint=rancher,
        expect="ingress",
        timeout_minutes=settings.ingress_timeout_minutes,
        triggers=[cluster.uuid, certificates.fingerprint],
        opts=pulumi.ResourceOptions(depends_on=made, deleted_with=cluster.resource),
    )
    return Endpoint(certificates, rancher, controller.vip, dns.record if dns else wanted, check)
