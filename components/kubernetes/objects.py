"""Kubernetes provider and core objects, without the typed SDK.

Importing ``pulumi_kubernetes.core.v1`` takes 0.3 s, a quarter of a preview without changes, because it
defines every input type of the API. These resources have the SDK's type tokens and inputs: engine, plugin and
policies see no difference, and a stack can switch to the SDK's classes and back.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pulumi


class KubernetesProvider(pulumi.ProviderResource):
    """The Kubernetes provider of one cluster."""

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
            cluster_identifier: Identity of the cluster: a new kubeconfig with the same identifier keeps every
                object, another identifier replaces all of them.
            opts: Options.
        """
        properties = {
            "kubeconfig": kubeconfig,
            "clusterIdentifier": cluster_identifier,
            # Update a changed Secret in place: a new certificate replaces the old one without a gap.
            "enableSecretMutable": "true",
            # And a ConfigMap, whose absence a reader may take for a refusal.
            "enableConfigMapMutable": "true",
            # Take over objects that a killed run created but did not record; the cluster is this stack's own.
            "upsertExistingObjects": "true",
            # And with other values: after half a destroy the objects are still there, but not in the state.
            "enablePatchForce": "true",
        }
        super().__init__("kubernetes", name, properties, opts)


class Secret(pulumi.CustomResource):
    """A core/v1 Secret; its values are encrypted in the state and masked in the engine's output."""

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
    """A core/v1 Namespace. Each one costs NSX-T objects, so the program creates none implicitly."""

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


class KubernetesObject(pulumi.CustomResource):
    """An object of any kind, with the type token of the SDK."""

    def __init__(
        self,
        name: str,
        api_version: str,
        kind: str,
        *,
        metadata: Mapping[str, pulumi.Input[str]],
        body: Mapping[str, pulumi.Input[Any]],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Declare the object.

        Args:
            name: The resource's name in the stack.
            api_version: Such as ``v1`` or ``rbac.authorization.k8s.io/v1``.
            kind: Such as ``ConfigMap``.
            metadata: ``name``, and ``namespace`` if it has one.
            body: Its fields apart from these.
            opts: Must name the provider of the cluster.
        """
        group = api_version if "/" in api_version else f"core/{api_version}"
        properties = {"apiVersion": api_version, "kind": kind, "metadata": metadata, **body}
        super().__init__(f"kubernetes:{group}:{kind}", name, properties, opts)
