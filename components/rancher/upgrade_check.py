"""Refuses changes of a deployed Rancher that break it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from components.kubernetes.provider import ClusterProvider
from components.runtime.provider import Properties, unknown
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


def _deployment(properties: Properties) -> Deployment:
    return Deployment(
        release=release(properties["version"]),
        ca=properties["ca_sha256"],
        webhook=properties["webhook"],
    )
