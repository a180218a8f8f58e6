"""What the steps came to, as the stack exports it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import pulumi

from components.certificates.component import RancherCertificates
from components.pks.component import PksCluster
from components.rancher import RancherBootstrap, RancherServer
from rancher_on_pks.outputs import RancherStack
from settings import Settings
from steps.ingress import Endpoint
from steps.preflight import Checks


def cluster_outputs(
    settings: Settings,
    checks: Checks,
    cluster: PksCluster,
    certificates: RancherCertificates,
    rules: pulumi.Output[Mapping[str, Sequence[str]]] | None,
) -> RancherStack:
    """What there is without Rancher, too."""
    return RancherStack(
        cluster_name=settings.cluster_name,
        cluster_uuid=cluster.uuid,
        api_endpoint=cluster.api_endpoint,
        kubernetes_version=cluster.kubernetes_version,
        kubeconfig=cluster.kubeconfig,
        rancher_hostname=settings.rancher_hostname,
        ca_bundle=certificates.ca_bundle,
        certificate_request=certificates.csr,
        pod_network=checks.capacity.summary if checks.capacity else None,
        anti_affinity_rules=rules,
    )


def rancher_outputs(
    outputs: RancherStack,
    endpoint: Endpoint,
    rancher: RancherServer,
    bootstrap: RancherBootstrap | None,
) -> RancherStack:
    """The outputs with those of Rancher."""
    outputs = replace(
        outputs,
        certificate_expiry=endpoint.certificates.expiry,
        vip=endpoint.vip,
        dns_record=endpoint.dns_record,
        rancher_url=rancher.url,
        rancher_version=rancher.version,
    )
    if bootstrap is None:
        return outputs
    return replace(
        outputs,
        rancher_user=bootstrap.user,
        rancher_password=bootstrap.password,
        rancher_token=bootstrap.token,
        rancher_token_expiry=bootstrap.token_expires,
        local_cluster_state=bootstrap.local_state,
    )
