"""One Rancher server on one PKS foundation: settings -> components -> outputs (docs/architecture.md)."""

from __future__ import annotations

from dataclasses import replace

import pulumi

from components.certificates.component import RancherCertificates, RancherCertificatesArgs
from components.endpoint import Check
from components.helm import HelmChart, HelmChartArgs
from components.ingress.component import (
    IngressController,
    IngressControllerArgs,
    RancherIngress,
    RancherIngressArgs,
)
from components.kubernetes_objects import Namespace
from components.pks.component import PksCluster, PksClusterArgs
from components.rancher import RancherServer, RancherServerArgs
from outputs import StackOutputs
from settings import load, secret_text

settings = load()


def find_chart(name: str, chart: str, repository: str, version: str) -> HelmChart:
    """A chart of the configured repositories, found and checked before the cluster is ordered."""
    args = HelmChartArgs(
        chart=chart,
        repository=repository,
        version=version,
        kubernetes_version=settings.kubernetes_version,
        ca_file=settings.chart_repository_ca_file,
        username=settings.chart_repository_username,
        password=secret_text(settings.chart_repository_password),
    )
    return HelmChart(name, args)


ingress_chart = find_chart(
    "ingress-chart",
    settings.ingress_chart,
    settings.ingress_chart_repository,
    settings.ingress_chart_version,
)
rancher_chart = find_chart(
    "rancher-chart", settings.rancher_chart, settings.rancher_chart_repository, settings.rancher_version
)

# Step 1 of the article: plan, network profile, cluster, and access to it
cluster = PksCluster(
    "rancher",
    PksClusterArgs(
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
    ),
    pulumi.ResourceOptions(depends_on=[ingress_chart, rancher_chart]),
)
in_cluster = pulumi.ResourceOptions(provider=cluster.provider, deleted_with=cluster.resource)
cattle_system = Namespace("cattle-system", metadata={"name": "cattle-system"}, opts=in_cluster)
namespace = cattle_system.metadata["name"]

# Step 3: certificate, key and CA; made and checked while PKS builds the cluster
certificates = RancherCertificates(
    "certificates",
    RancherCertificatesArgs(
        files=settings.certificate_files,
        namespace=namespace,
        tls_secret_name=settings.tls_secret_name,
        organization=settings.certificate_organization or None,
        secret_opts=in_cluster,
    ),
    pulumi.ResourceOptions(depends_on=cluster.foundation),
)
exported = StackOutputs(
    cluster_name=settings.cluster_name,
    cluster_uuid=cluster.uuid,
    api_endpoint=cluster.api_endpoint,
    kubernetes_version=cluster.kubernetes_version,
    kubeconfig=cluster.kubeconfig,
    rancher_hostname=settings.rancher_hostname,
    ca_bundle=certificates.ca_bundle,
    certificate_request=certificates.csr,
)

if certificates.complete:
    # Step 4: ingress controller behind an NSX-T virtual IP, Ingress, a 503 with a green lock
    controller = IngressController(
        "ingress",
        IngressControllerArgs(
            chart=ingress_chart,
            namespace=namespace,
            kubeconfig=cluster.kubeconfig,
            values=settings.ingress_values,
            http_port=settings.ingress_http_port,
            https_port=settings.ingress_https_port,
            vip_cidr=settings.vip_cidr,
            timeout_minutes=settings.ingress_timeout_minutes,
        ),
        in_cluster,
    )
    ingress = RancherIngress(
        "rancher-ingress",
        RancherIngressArgs(
            namespace=namespace,
            hostname=settings.rancher_hostname,
            tls_secret_name=settings.tls_secret_name,
            kubernetes_version=settings.kubernetes_version,
        ),
        pulumi.ResourceOptions.merge(
            in_cluster, pulumi.ResourceOptions(depends_on=[*controller.ready, *certificates.secrets])
        ),
    )
    endpoint = Check(
        "endpoint",
        address=controller.vip,
        port=settings.ingress_https_port,
        hostname=settings.rancher_hostname,
        ca_bundle=certificates.ca_bundle,
        expect="ingress",
        timeout_minutes=settings.ingress_timeout_minutes,
        triggers=[cluster.uuid, certificates.fingerprint],
        opts=pulumi.ResourceOptions(depends_on=ingress, deleted_with=cluster.resource),
    )

    # Step 5: Rancher, three replicas, answering through the virtual IP
    rancher = RancherServer(
        "rancher-server",
        RancherServerArgs(
            chart=rancher_chart,
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
        ),
        pulumi.ResourceOptions.merge(in_cluster, pulumi.ResourceOptions(depends_on=endpoint)),
    )
    exported = replace(
        exported,
        certificate_expiry=certificates.expiry,
        vip=controller.vip,
        rancher_url=rancher.url,
        rancher_version=rancher.version,
    )
else:
    pulumi.log.warn(
        "Rancher waits for its certificate: have the output certificateRequest signed by the CA, set "
        "certificateFile and caCertificateFile, and run `pulumi up` again. "
        "Until then there is neither ingress nor Rancher."
    )
exported.export()
