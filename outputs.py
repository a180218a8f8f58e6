"""The contract of the stack's outputs: the one place that names, types and explains them.

The program exports a ``StackOutputs``; another stack reads one with ``StackOutputs.of``.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pulumi
from pydantic.alias_generators import to_camel

CONTRACT_VERSION = 1
"""Raised when an output is renamed, removed or changes its meaning; additions do not count."""

SECRET = frozenset({"kubeconfig", "rancher_password", "rancher_token"})
"""Fields that are exported as secrets."""

_VERSION_NAME = "contractVersion"


@dataclass(frozen=True, kw_only=True)
class StackOutputs:
    """Output values. A field is exported under its name in camel case.

    Those that may be None are absent while certificate source ``csr`` waits for the signed certificate.

    Attributes:
        cluster_name: Name of the PKS cluster.
        cluster_uuid: UUID of the cluster in PKS; BOSH calls its deployment ``service-instance_<uuid>``.
        api_endpoint: URL of the cluster's Kubernetes API.
        kubernetes_version: Kubernetes version of the live cluster.
        kubeconfig: Kubeconfig of a cluster administrator. Secret.
        rancher_hostname: DNS name of Rancher.
        ca_bundle: PEM of the CAs that Rancher's clients have to trust; empty while not known.
        certificate_request: PEM of the request for the CA; only with source ``csr``.
        certificate_expiry: End of Rancher's certificate, ISO 8601 in UTC.
        vip: Virtual IP of the ingress, which Rancher's DNS name has to lead to.
        dns_record: DNS record that leads to Rancher: made by the stack, or with dnsMode ``none`` to be made.
        rancher_url: URL of Rancher.
        rancher_version: Version of Rancher that is rolled out.
        rancher_user: Name of Rancher's administrator; absent, as the next four, with rancherBootstrap false.
        rancher_password: The administrator's password. Secret.
        rancher_token: API token of the administrator. Secret.
        rancher_token_expiry: End of the token, ISO 8601 in UTC; an update renews it in time.
        local_cluster_state: State of Rancher's own cluster.
        pod_network: Pod subnets of the network: blocks, prefix, capacity, used (by others), planned,
            headroom, importedClusters, maxImportedClusters, and the figures they come from
            (docs/capacity.md); absent without the setting podNetwork.
        anti_affinity_rules: Names of the DRS rules by vSphere cluster; absent with antiAffinity ``off``.
    """

    cluster_name: pulumi.Input[str]
    cluster_uuid: pulumi.Input[str]
    api_endpoint: pulumi.Input[str]
    kubernetes_version: pulumi.Input[str]
    kubeconfig: pulumi.Input[str]
    rancher_hostname: pulumi.Input[str]
    ca_bundle: pulumi.Input[str]
    certificate_request: pulumi.Input[str] | None = None
    certificate_expiry: pulumi.Input[str] | None = None
    vip: pulumi.Input[str] | None = None
    dns_record: pulumi.Input[str] | None = None
    rancher_url: pulumi.Input[str] | None = None
    rancher_version: pulumi.Input[str] | None = None
    rancher_user: pulumi.Input[str] | None = None
    rancher_password: pulumi.Input[str] | None = None
    rancher_token: pulumi.Input[str] | None = None
    rancher_token_expiry: pulumi.Input[str] | None = None
    local_cluster_state: pulumi.Input[str] | None = None
    pod_network: pulumi.Input[Mapping[str, Any]] | None = None
    anti_affinity_rules: pulumi.Input[Mapping[str, Any]] | None = None

    def export(self) -> None:
        """Export every value that is there."""
        pulumi.export(_VERSION_NAME, CONTRACT_VERSION)
        for item in dataclasses.fields(self):
            value = getattr(self, item.name)
            if value is not None:
                secret = item.name in SECRET
                pulumi.export(to_camel(item.name), pulumi.Output.secret(value) if secret else value)

    @classmethod
    def of(cls, reference: pulumi.StackReference) -> StackOutputs:
        """The outputs of another stack, each as an output that is None where that stack has none.

        Raises:
            RunError: (when an output is used) That stack has another version of the contract.
        """
        version = reference.get_output(_VERSION_NAME).apply(_checked)

        def output(name: str) -> pulumi.Output[Any]:
            return pulumi.Output.all(version, reference.get_output(to_camel(name))).apply(
                lambda both: both[1]
            )

        return cls(**{item.name: output(item.name) for item in dataclasses.fields(cls)})


def _checked(version: object) -> None:
    if version != CONTRACT_VERSION:
        raise pulumi.RunError(
            f"the referenced stack has version {version} of the output contract, this program reads version "
            f"{CONTRACT_VERSION}. Deploy both from the same release"
        )
