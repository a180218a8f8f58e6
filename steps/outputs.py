"""The stack's outputs, from the components of the steps: attributes of ``RancherStack`` to values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pulumi

from components.certificates.component import RancherCertificates
from components.pks.component import PksCluster
from components.rancher.bootstrap import RancherBootstrap
from components.rancher.brake.component import SprawlBrake
from components.rancher.server import RancherServer
from settings import Settings
from steps.ingress import Endpoint
from steps.preflight import Preflight

Outputs = dict[str, pulumi.Input[Any] | None]


def cluster_outputs(
    settings: Settings,
    preflight: Preflight,
    cluster: PksCluster,
    certificates: RancherCertificates,
    rules: pulumi.Output[Mapping[str, Sequence[str]]] | None,
) -> Outputs:
    """The outputs of a stack without Rancher."""
    return {
        "cluster_name": settings.cluster.cluster_name,
        "cluster_uuid": cluster.uuid,
        "api_endpoint": cluster.api_endpoint,
        "kubernetes_version": cluster.kubernetes_version,
        "kubeconfig": cluster.kubeconfig,
        "rancher_hostname": settings.rancher.rancher_hostname,
        "ca_bundle": certificates.ca_bundle,
        "certificate_request": certificates.csr,
        "pod_network": preflight.capacity.summary if preflight.capacity else None,
        "anti_affinity_rules": rules,
    }


def rancher_outputs(
    endpoint: Endpoint, rancher: RancherServer, bootstrap: RancherBootstrap | None, brake: SprawlBrake | None
) -> Outputs:
    """The outputs of Rancher; without bootstrap it has no user and no token."""
    outputs: Outputs = {
        "certificate_expiry": endpoint.certificates.expiry,
        "vip": endpoint.vip,
        "dns_record": endpoint.dns_record,
        "rancher_url": rancher.url,
        "rancher_version": rancher.version,
    }
    if bootstrap is None:
        return outputs
    return {
        **outputs,
        "rancher_user": bootstrap.user,
        "rancher_password": bootstrap.password,
        "rancher_token": bootstrap.token,
        "rancher_token_expiry": bootstrap.token_expires,
        "local_cluster_state": bootstrap.local_state,
        "sprawl_brake": brake.state if brake else None,
    }
