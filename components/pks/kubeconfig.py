"""Access to a cluster, from `get-credentials` (docs-pks 1.5 `cluster-credentials`)."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator

from components.kubernetes import kubeconfig as kubeconfigs
from components.pks.cli import PksError
from components.pks.provider import PksProvider
from components.runtime.errors import ProviderError
from components.runtime.provider import Properties, unknown
from domain.cluster import failure_advice
from domain.finding import Finding
from domain.foundation_version import version_findings

API_PORT = 8443
"""Port of the Kubernetes API on the cluster's external hostname and master IP (docs-pks 1.5)."""

_SHORTEST_SECONDS = 120.0
"""A login that ends sooner is fetched again; from then on it is renewed (``components.kubernetes.oidc``)."""

_CLUSTER_VALUES = ("uuid", "master_ips", "kubernetes_version")


class KubeconfigProvider(PksProvider):
    """Fetches the credentials again when the cluster or the way to reach it changes, or when they expire.

    With OIDC the ID token lives minutes (docs-pks 1.20 `troubleshoot-issues`).
    """

    updates = ("cluster", "external_hostname", "plan", "api_access", *_CLUSTER_VALUES)

    def findings(self, before: Properties, wanted: Properties) -> Iterator[Finding]:
        del before
        if not unknown(live := wanted.get("kubernetes_version")):
            yield from version_findings(wanted["cluster"], live or "", wanted["expected_version"])

    def changed(self, before: Properties, wanted: Properties, names: Iterable[str]) -> list[str]:
        """The engine does not know the cluster's outputs at the preview of its update: they stay as they are.

        A replaced cluster differs in another property.
        """
        known = [name for name in names if name not in _CLUSTER_VALUES or not unknown(wanted.get(name))]
        return super().changed(before, wanted, known)

    def is_due(self, before: Properties, wanted: Properties) -> bool:
        del wanted
        return kubeconfigs.ends_within(before.get("kubeconfig"), _SHORTEST_SECONDS)

    def identity(self, properties: Properties) -> str:
        return str(properties["cluster"])

    def apply(self, wanted: Properties, before: Properties) -> Properties:
        del before
        way: dict[str, str] = {}
        if wanted["api_access"] == "master-ip":  # no DNS record is needed; TLS still verifies the hostname
            server = f"https://{wanted['master_ips'][0]}:{API_PORT}"
            way = {"server": server, "tls_name": wanted["external_hostname"]}
        text, server = kubeconfigs.reduce(self._credentials(wanted["cluster"]), **way)
        end = kubeconfigs.expiry(text)
        if end and end <= time.time():
            clock = time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(end))
            raise ProviderError(
                f"the OIDC login that PKS gave for cluster {wanted['cluster']} ended at {clock}. "
                "Compare the clocks of this machine and of the PKS API"
            )
        return {"kubeconfig": text, "server": server}

    def _credentials(self, name: str) -> str:
        """PKS gives none for a cluster whose last action failed, such as its deletion."""
        try:
            return self.pks.credentials(name)
        except PksError as error:
            live = self.pks.cluster(name)
            if live is None or not live.failed:
                raise
            raise ProviderError(f"{error}. {failure_advice(live, self.pks.name)}") from None

    def observe(self, id_: str, known: Properties) -> Properties | None:
        live = self.pks.cluster(id_)
        if live is None or live.uuid != known["uuid"]:
            return None
        soon = kubeconfigs.ends_within(known.get("kubeconfig"), _SHORTEST_SECONDS)
        return self.apply(known, {}) if soon else {}
