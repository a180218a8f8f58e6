"""One Rancher server on one PKS foundation: settings -> components -> outputs (docs/architecture.md)."""

from __future__ import annotations

from dataclasses import replace

import pulumi

import arguments
from components.certificates.component import RancherCertificates
from components.dns import DnsRecord, UpdateAccess, record_text
from components.endpoint import Check
from components.helm import HelmChart, Tiller
from components.ingress.component import IngressController, RancherIngress
from components.kubernetes_objects import Namespace
from components.pks.component import PksCluster
from components.placement import AntiAffinity, Hosts
from components.pod_network import CapacityPlan
from components.rancher import RancherBootstrap, RancherServer
from outputs import StackOutputs
from settings import load

options = pulumi.ResourceOptions
settings = load()

# Found and checked before the cluster is ordered
ingress_chart = HelmChart("ingress-chart", arguments.ingress_chart(settings))
rancher_chart = HelmChart("rancher-chart", arguments.rancher_chart(settings))

# What namespaces will cost on the pod network, judged by the policies before the cluster is ordered
plan = settings.capacity_plan
capacity = CapacityPlan("capacity", arguments.capacity(settings, plan)) if plan else None

# Whether the DNS server will take the records
hostnames = settings.dns_hostnames(settings.rancher_hostname, settings.external_hostname)
first: list[pulumi.Resource] = [ingress_chart, rancher_chart, *([capacity.ready] if capacity else [])]
if settings.dns_mode == "rfc2136":
    server, zone = settings.dns_server or "", settings.dns_zone or ""
    first.append(UpdateAccess("dns-access", hostnames=hostnames, server=server, zone=zone))

# Whether vCenter can keep the VMs apart
placement = settings.placement
if placement:
    first.append(Hosts("hosts", placement))

# Step 1 of the article: plan, network profile, cluster, and access to it
cluster = PksCluster("rancher", arguments.cluster(settings), options(depends_on=first))
if capacity:
    capacity.watch(cluster.kubeconfig)
rules = None
if placement:
    rules = AntiAffinity("placement", arguments.anti_affinity(settings, placement, cluster)).rules
in_cluster = options(provider=cluster.provider, deleted_with=cluster.resource)
if settings.external_hostname in hostnames:
    api_dns = DnsRecord("api-dns", arguments.dns(settings, settings.external_hostname, cluster.master_ips[0]))
    in_cluster = options.merge(in_cluster, options(depends_on=api_dns.ready))
cattle_system = Namespace("cattle-system", metadata={"name": "cattle-system"}, opts=in_cluster)
namespace = cattle_system.metadata["name"]

# Step 3: certificate, key and CA; made and checked while PKS builds the cluster
certificates = RancherCertificates(
    "certificates",
    arguments.certificates(settings, namespace, in_cluster),
    options(depends_on=cluster.foundation),
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
    pod_network=capacity.summary if capacity else None,
    anti_affinity_rules=rules,
)

if certificates.complete:
    # Step 2, with Helm v2 alone: Tiller
    tiller = None
    if settings.helm_engine == "v2":
        tiller = Tiller("tiller", arguments.tiller(settings, cluster), in_cluster)

    # Step 4: ingress controller behind an NSX-T virtual IP, Ingress, a 503 with a green lock
    controller = IngressController(
        "ingress", arguments.ingress(settings, ingress_chart, cluster, namespace, tiller), in_cluster
    )
    dns_record = record_text(settings.rancher_hostname, settings.dns_ttl, controller.vip)
    if settings.rancher_hostname in hostnames:
        dns = DnsRecord("rancher-dns", arguments.dns(settings, settings.rancher_hostname, controller.vip))
        dns_record = dns.record
    ingress = RancherIngress(
        "rancher-ingress",
        arguments.rancher_ingress(settings, namespace),
        options.merge(in_cluster, options(depends_on=[*controller.ready, *certificates.secrets])),
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
        opts=options(depends_on=ingress, deleted_with=cluster.resource),
    )

    # Step 5: Rancher, three replicas, answering through the virtual IP
    rancher = RancherServer(
        "rancher-server",
        arguments.rancher(
            settings,
            chart=rancher_chart,
            cluster=cluster,
            namespace=namespace,
            certificates=certificates,
            controller=controller,
            tiller=tiller,
        ),
        options.merge(in_cluster, options(depends_on=endpoint)),
    )
    exported = replace(
        exported,
        certificate_expiry=certificates.expiry,
        vip=controller.vip,
        dns_record=dns_record,
        rancher_url=rancher.url,
        rancher_version=rancher.version,
    )

    # Step 6: first login, server URL, a token, and the cluster "local"
    if settings.rancher_bootstrap:
        bootstrap = RancherBootstrap(
            "rancher-bootstrap",
            arguments.bootstrap(settings, cluster=cluster, certificates=certificates, controller=controller),
            options(depends_on=rancher.ready, deleted_with=cluster.resource),
        )
        exported = replace(
            exported,
            rancher_user=bootstrap.user,
            rancher_password=bootstrap.password,
            rancher_token=bootstrap.token,
            rancher_token_expiry=bootstrap.token_expires,
            local_cluster_state=bootstrap.local_state,
        )
else:
    pulumi.log.warn(
        "Rancher waits for its certificate: have the output certificateRequest signed by the CA, set "
        "certificateFile and caCertificateFile, and run `pulumi up` again. "
        "Until then there is neither ingress nor Rancher."
    )
exported.export()
