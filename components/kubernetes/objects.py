"""Kubernetes provider and core objects without the typed SDK.

Importing ``pulumi_kubernetes.core.v1`` costs 0.3 s, a quarter of a preview that changes nothing, because it
defines every input type of the API. These resources have the SDK's type tokens and send the same inputs: the
engine, the plugin and policies see no difference, and a stack can change to the SDK's classes and back.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pulumi

from domain.versions import Version

_NETWORKING_V1 = Version(1, 19)


def ingress_api(kubernetes_version: str) -> str:
    """API version of Ingresses in a cluster of this version (``major.minor``)."""
    current = Version.parse(kubernetes_version) >= _NETWORKING_V1
    return "networking.k8s.io/v1" if current else "extensions/v1beta1"


class KubernetesProvider(pulumi.ProviderResource):
    """The access of all Kubernetes resources to one cluster."""

    def __init__(
        self,
        name: str,
        *,
        kubeconfig: pulumi.Input[str],
        cluster_identifier: pulumi.Input[str],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Declare the provider.

        Args:
            name: The resource's name in the stack.
            kubeconfig: Secret.
            cluster_identifier: What makes the cluster itself: with the same identifier a new kubeconfig keeps
                every object, with another one all are replaced.
            opts: Options.
        """
        properties = {
            "kubeconfig": kubeconfig,
            "clusterIdentifier": cluster_identifier,
            # A changed Secret is updated in place: with a new certificate nobody is without one for a moment.
            "enableSecretMutable": "true",
            # What a killed run has made but not recorded is taken over; the cluster is the program's own.
            "upsertExistingObjects": "true",
        }
        super().__init__("kubernetes", name, properties, opts)


class Secret(pulumi.CustomResource):
    """A core/v1 Secret; values are encrypted in the state and masked in every display."""

    def __init__(
        self,
        name: str,
        *,
        metadata: Mapping[str, pulumi.Input[str]],
        type: str,
        data: Mapping[str, pulumi.Input[str]],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Declare the Secret.

        Args:
            name: The resource's name in the stack.
            metadata: ``name`` and ``namespace``.
            type: Kubernetes type, such as ``Opaque`` or ``kubernetes.io/tls``; a change replaces the Secret.
            data: Values in base64.
            opts: Must name the provider of the cluster.
        """
        properties = {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": metadata,
            "type": type,
            "data": pulumi.Output.secret(data),
        }
        secret = pulumi.ResourceOptions(additional_secret_outputs=["data", "stringData"])
        super().__init__(
            "kubernetes:core/v1:Secret", name, properties, pulumi.ResourceOptions.merge(opts, secret)
        )


class Namespace(pulumi.CustomResource):
    """A core/v1 Namespace. Each costs NSX-T objects: the program makes only those it declares."""

    metadata: pulumi.Output[Mapping[str, Any]]

    def __init__(
        self, name: str, *, metadata: Mapping[str, str], opts: pulumi.ResourceOptions | None = None
    ) -> None:
        """Declare the Namespace.

        Args:
            name: The resource's name in the stack.
            metadata: ``name`` of the Namespace.
            opts: Must name the provider of the cluster.
        """
        properties = {"apiVersion": "v1", "kind": "Namespace", "metadata": metadata}
        super().__init__("kubernetes:core/v1:Namespace", name, properties, opts)
