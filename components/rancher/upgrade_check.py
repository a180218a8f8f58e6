"""``UpgradeCheck``: refuses changes of a deployed Rancher that break it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import pulumi

from components.kubernetes.provider import ClusterProvider
from components.runtime.provider import Properties, unknown
from components.runtime.resource import DynamicResource
from domain import rancher_upgrades
from domain.finding import Finding
from domain.rancher_releases import release
from domain.rancher_upgrades import Deployment

_KEYS = {"version": "version,enabled", "ca": "ca_sha256,enabled"}


class UpgradeCheckProvider(ClusterProvider):
    """Compares the inputs with those of the last update, in which Rancher was deployed. Asks nobody."""

    updates = ("version", "ca_sha256", "webhook", "kubeconfig")

    def findings(self, before: Properties, wanted: Properties) -> Iterator[Finding]:
        if not before or unknown(*(wanted[name] for name in self.updates)):
            return
        if not self.same("kubeconfig", before["kubeconfig"], wanted["kubeconfig"]):
            return  # another cluster, with a new Rancher
        for finding in rancher_upgrades.findings(_deployment(before), _deployment(wanted)):
            yield replace(
                finding,
                key=_KEYS[finding.key],
                severity="error" if wanted["enabled"] else "warning",
            )

    def identity(self, properties: Properties) -> str:
        del properties
        return "upgrade-check"


class UpgradeCheck(DynamicResource, module="rancher", name="UpgradeCheck"):
    """A supported change of Rancher, type ``pulumi-python:dynamic/rancher:UpgradeCheck``."""

    def __init__(
        self,
        resource_name: str,
        *,
        version: str,
        ca_bundle: pulumi.Input[str],
        kubeconfig: pulumi.Input[str],
        values: Mapping[str, Any],
        enabled: bool = True,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Declare the resource; the Helm release must depend on it.

        Args:
            resource_name: Name in the stack.
            version: Rancher's version.
            ca_bundle: PEM of the CAs that agents must trust; empty: none.
            kubeconfig: Secret. Identifies the cluster: on another one, Rancher is installed, not changed.
            values: Values of Rancher's chart.
            enabled: Whether an unsupported change is an error; otherwise it is a warning.
            opts: As for every resource.
        """
        checksum = pulumi.Output.from_input(ca_bundle).apply(
            lambda text: hashlib.sha256(text.encode()).hexdigest() if text else ""
        )
        props = {
            "version": version,
            "ca_sha256": checksum,
            "webhook": rancher_upgrades.pinned_webhook(values),
            "kubeconfig": kubeconfig,
            "enabled": enabled,
        }
        super().__init__(UpgradeCheckProvider(), resource_name, props, opts, secrets=["kubeconfig"])


def _deployment(properties: Properties) -> Deployment:
    return Deployment(
        release=release(properties["version"]),
        ca=properties["ca_sha256"],
        webhook=properties["webhook"],
    )
