"""``Kubeconfig``: access to a cluster, from `get-credentials` (docs-pks 1.5 `cluster-credentials`)."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator

import pulumi
from pulumi.dynamic import Resource

from components.kubernetes import kubeconfig as kubeconfigs
from components.pks.provider import PksProvider
from components.runtime.errors import ProviderError
from components.runtime.provider import Properties, unknown
from domain.finding import Finding
from domain.foundation_version import minor

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
        live, expected = wanted.get("kubernetes_version"), wanted["expected_version"]
        if live and expected and not unknown(live) and minor(str(live)) != expected:
            yield Finding(
                "expected_version",
                f"cluster {wanted['cluster']!r} runs Kubernetes {live}, not {expected}",
                "Set it to the cluster's version; chart versions are checked against it",
            )

    def changed(self, before: Properties, wanted: Properties, names: Iterable[str]) -> list[str]:
        """The engine does not know the cluster's outputs at the preview of its update: they stay as they are.

        A replaced cluster differs in another property.
        """
        known = [name for name in names if name not in _CLUSTER_VALUES or not unknown(wanted.get(name))]
        return super().changed(before, wanted, known)

    def is_due(self, before: Properties, wanted: Properties) -> bool:
        del wanted
        return _ends_soon(before.get("kubeconfig"))

    def identity(self, properties: Properties) -> str:
        return str(properties["cluster"])

    def apply(self, wanted: Properties, before: Properties) -> Properties:
        del before
        return self._fetch(wanted)

    def observe(self, id_: str, known: Properties) -> Properties | None:
        live = self.pks.cluster(id_)
        if live is None or live.uuid != known["uuid"]:
            return None
        return self._fetch(known) if _ends_soon(known.get("kubeconfig")) else {}

    def _fetch(self, wanted: Properties) -> Properties:
        address = wanted["master_ips"][0] if wanted["api_access"] == "master-ip" else ""
        given = self.pks.credentials(wanted["cluster"])
        text, server = rewrite(given, wanted["external_hostname"], address)
        end = kubeconfigs.expiry(text)
        if end and end <= time.time():
            raise ProviderError(
                f"the OIDC login that PKS gave for cluster {wanted['cluster']} ended at {_clock(end)}. "
                "Compare the clocks of this machine and of the PKS API"
            )
        return {"kubeconfig": text, "server": server}


def _ends_soon(kubeconfig: object) -> bool:
    end = kubeconfigs.expiry(kubeconfig)
    return end is not None and end < time.time() + _SHORTEST_SECONDS


def _clock(seconds: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(seconds))


class Kubeconfig(Resource, module="pks", name="Kubeconfig"):
    """Access to a cluster, type ``pulumi-python:dynamic/pks:Kubeconfig``.

    Its outputs repeat the cluster's identity, so that they are known when the cluster's update is previewed.
    """

    kubeconfig: pulumi.Output[str]
    """Secret; it has the credentials of a cluster administrator."""
    server: pulumi.Output[str]
    """URL of the Kubernetes API."""
    uuid: pulumi.Output[str]
    master_ips: pulumi.Output[list[str]]
    kubernetes_version: pulumi.Output[str]

    def __init__(
        self,
        resource_name: str,
        *,
        cluster: str,
        external_hostname: str,
        plan: str,
        api_access: str,
        expected_version: str,
        uuid: pulumi.Input[str],
        master_ips: pulumi.Input[list[str]],
        kubernetes_version: pulumi.Input[str],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Declare the resource.

        Args:
            resource_name: Name in the stack.
            cluster: Name of the cluster.
            external_hostname: Name of the Kubernetes API.
            plan: Plan of the cluster; another one means another cluster.
            api_access: ``hostname``, or ``master-ip`` to connect to the first of ``master_ips``.
            expected_version: ``major.minor`` of Kubernetes that the cluster must run; empty: any.
            uuid: UUID of the cluster.
            master_ips: Addresses of the Kubernetes API.
            kubernetes_version: Version that the cluster runs; empty: unknown.
            opts: Options.
        """
        props = {
            "cluster": cluster,
            "external_hostname": external_hostname,
            "plan": plan,
            "api_access": api_access,
            "expected_version": expected_version,
            "uuid": uuid,
            "master_ips": master_ips,
            "kubernetes_version": kubernetes_version,
            "kubeconfig": None,
            "server": None,
        }
        secret = pulumi.ResourceOptions(additional_secret_outputs=["kubeconfig"])
        super().__init__(
            KubeconfigProvider(), resource_name, props, pulumi.ResourceOptions.merge(opts, secret)
        )


def rewrite(kubeconfig: str, hostname: str, address: str = "") -> tuple[str, str]:
    """The kubeconfig reduced to its current context, and the URL of its server.

    Args:
        kubeconfig: What ``get-credentials`` wrote.
        hostname: The cluster's external hostname, which the API's certificate carries.
        address: Connect to this address instead of the hostname (no DNS record is needed then); TLS still
            verifies the hostname.

    Raises:
        KubeconfigError: It has no usable current context.
    """
    server = f"https://{address}:{API_PORT}" if address else ""
    return kubeconfigs.reduce(kubeconfig, server=server, tls_name=hostname if address else "")
