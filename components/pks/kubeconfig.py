"""Kubeconfig of a cluster, minted by ``get-credentials`` (docs-pks 1.5 `cluster-credentials`)."""

from __future__ import annotations

from typing import Any

import pulumi
import yaml
from pulumi.dynamic import (
    CheckFailure,
    CheckResult,
    CreateResult,
    DiffResult,
    ReadResult,
    Resource,
    UpdateResult,
)

from components.pks.provider import PksProvider
from components.runtime.errors import ProviderError
from components.runtime.provider import Properties, changed, plain, unknown

API_PORT = 8443
"""Port of the Kubernetes API on the cluster's external hostname and master IP (docs-pks 1.5)."""

_CLUSTER_VALUES = ["uuid", "master_ips", "kubernetes_version"]


class KubeconfigProvider(PksProvider):
    """Fetches the credentials again when the cluster or the way to reach it changes."""

    def check(self, _olds: dict[str, Any], news: dict[str, Any]) -> CheckResult:
        wanted = plain(news)
        live, expected = wanted.get("kubernetes_version"), wanted["expected_version"]
        failures = []
        if live and not unknown(live) and ".".join(str(live).lstrip("v").split(".")[:2]) != expected:
            reason = (
                f"cluster {wanted['cluster']!r} runs Kubernetes {live}, the config says {expected}. "
                "Set config kubernetesVersion to the cluster's; chart versions are checked against it"
            )
            failures.append(CheckFailure("expected_version", reason))
        return CheckResult(news, failures)

    def diff(self, _id: str, _olds: dict[str, Any], _news: dict[str, Any]) -> DiffResult:
        # The engine does not know the cluster's outputs at the preview of its update. They stay as they are:
        # whatever makes PKS replace the cluster is among the other properties.
        known = [name for name in _CLUSTER_VALUES if not unknown(_news.get(name))]
        names = ["cluster", "external_hostname", "plan", "api_access", *known]
        return DiffResult(changes=bool(changed(_olds, _news, names)))

    def create(self, props: dict[str, Any]) -> CreateResult:
        wanted = plain(props)
        return CreateResult(str(wanted["cluster"]), self._fetch(wanted))

    def update(self, _id: str, _olds: dict[str, Any], _news: dict[str, Any]) -> UpdateResult:
        return UpdateResult(self._fetch(plain(_news)))

    def read(self, id_: str, props: dict[str, Any]) -> ReadResult:
        known = plain(props)
        live = self.pks.cluster(id_)
        return ReadResult("", {}) if live is None or live["uuid"] != known["uuid"] else ReadResult(id_, known)

    def _fetch(self, wanted: Properties) -> Properties:
        config = self.pks.credentials(wanted["cluster"])
        address = wanted["master_ips"][0] if wanted["api_access"] == "master-ip" else None
        text, server = rewrite(config, wanted["external_hostname"], address)
        return {**wanted, "kubeconfig": text, "server": server}


class Kubeconfig(Resource, module="pks", name="Kubeconfig"):
    """Access to a cluster, type ``pulumi-python:dynamic/pks:Kubeconfig``.

    It hands the cluster's identity on as its own outputs, known also when the cluster's update is previewed.
    """

    kubeconfig: pulumi.Output[str]
    """Secret; token of a cluster administrator."""
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


def rewrite(kubeconfig: str, hostname: str, address: str | None) -> tuple[str, str]:
    """The kubeconfig reduced to its current context, and its server's URL.

    Args:
        kubeconfig: What ``get-credentials`` wrote.
        hostname: The cluster's external hostname, which the API's certificate names.
        address: Connect to this address instead of the hostname (no DNS record is needed then); TLS still
            verifies the hostname.

    Raises:
        ProviderError: It has no usable current context.
    """
    document = yaml.safe_load(kubeconfig)
    try:
        context = _entry(document, "contexts", document["current-context"])
        cluster = _entry(document, "clusters", context["context"]["cluster"])
        user = _entry(document, "users", context["context"]["user"])
        if address:
            cluster["cluster"] |= {"server": f"https://{address}:{API_PORT}", "tls-server-name": hostname}
        server = str(cluster["cluster"]["server"])
    except (KeyError, TypeError, StopIteration) as error:
        raise ProviderError(
            f"the kubeconfig that PKS gave has no usable current context ({error!r})"
        ) from None
    reduced = {**document, "clusters": [cluster], "contexts": [context], "users": [user]}
    return yaml.safe_dump(reduced, sort_keys=True), server


def _entry(document: Properties, section: str, name: str) -> Properties:
    found: Properties = next(item for item in document[section] if item["name"] == name)
    return found
