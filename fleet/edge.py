"""Rancher's agent in an edge cluster: applies its manifest, and removes its objects."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import yaml

from components.kubernetes.api import Kubernetes, Object
from components.kubernetes.discovery import Discovery
from components.kubernetes.kubeconfig import connection
from components.runtime.errors import ProviderError
from components.runtime.http import HttpClient
from components.runtime.waiting import QUICK, wait
from domain.kubeconfig import Kubeconfig

MANAGER = "rancher-on-pks"
CLUSTER = "rancher-on-pks/cluster"
"""Annotation of each applied object: the cluster's id in Rancher."""
_SYSTEM = "/api/v1/namespaces/cattle-system"
_DEPLOYMENTS = "/apis/apps/v1/namespaces/cattle-system/deployments"
_NAMESPACES_OF_AGENT = ("cattle-fleet-system", "cattle-impersonation-system")
"""Namespaces that the agent itself creates."""
_TERMINATING_SECONDS = 60.0


def apply(kubeconfig: Kubeconfig, manifest: str, cluster_id: str, url: str, *, adopt: bool) -> list[str]:
    """Applies the agent's manifest, server-side; returns the paths of its objects.

    Args:
        kubeconfig: Of the edge cluster.
        manifest: YAML documents.
        cluster_id: Id of the cluster in Rancher.
        url: URL of Rancher.
        adopt: Whether an agent of another Rancher is replaced.

    Raises:
        ProviderError: The cluster runs a Rancher or another Rancher's agent, cannot be reached, or refuses.
    """
    documents = [item for item in yaml.safe_load_all(manifest) if item]
    with _client(kubeconfig) as api:
        _check_free(api, url, adopt)
        _await_termination(api)
        discovery = Discovery(api)
        paths = [_path(discovery, document) for document in documents]
        for path, document in sorted(zip(paths, documents, strict=True), key=_namespaces_first):
            metadata = document["metadata"]
            annotations = {**(metadata.get("annotations") or {}), CLUSTER: cluster_id}
            api.apply(path, {**document, "metadata": {**metadata, "annotations": annotations}}, MANAGER)
    return paths


def remove(kubeconfig: Kubeconfig, paths: list[str], cluster_id: str) -> None:
    """Deletes the objects at these paths that still belong to this cluster.

    Raises:
        ProviderError: The cluster cannot be reached, or refuses.
    """
    with _client(kubeconfig) as api:
        ours = [path for path in paths if _belongs_to(api.get(path), cluster_id)]
        if _SYSTEM in ours:
            ours += [f"/api/v1/namespaces/{name}" for name in _NAMESPACES_OF_AGENT]
        for path in reversed(ours):
            api.delete(path)


@contextmanager
def _client(kubeconfig: Kubeconfig) -> Iterator[Kubernetes]:
    with HttpClient(connection(kubeconfig)) as http:
        yield Kubernetes(http)


def _check_free(api: Kubernetes, url: str, adopt: bool) -> None:
    """Refuses a cluster that must not be imported."""
    if api.get(f"{_DEPLOYMENTS}/rancher"):
        raise ProviderError(
            "its kubeconfig leads to a cluster that runs a Rancher server. Correct it", "kubeconfig_file"
        )
    agent = api.get(f"{_DEPLOYMENTS}/cattle-cluster-agent") or {}
    containers = agent.get("spec", {}).get("template", {}).get("spec", {}).get("containers", [])
    servers = {
        entry.get("value", "unknown")
        for container in containers
        for entry in container.get("env", [])
        if entry.get("name") == "CATTLE_SERVER"
    }
    if servers - {url} and not adopt:
        raise ProviderError(
            f"its cluster has the agent of another Rancher ({', '.join(sorted(servers))}). Remove "
            "that agent, or set adopt: true to replace it",
            "adopt",
        )


def _await_termination(api: Kubernetes) -> None:
    """Waits for the namespace of an earlier agent: nothing can be created in it while it terminates."""

    def poll() -> tuple[str, bool | None]:
        found = api.get(_SYSTEM) or {}
        terminating = found.get("metadata", {}).get("deletionTimestamp")
        return "it is being deleted", None if terminating else True

    wait(
        "namespace cattle-system of the edge cluster",
        poll,
        timeout=_TERMINATING_SECONDS,
        pace=QUICK,
        resume="Run `pulumi up` again",
    )


def _path(discovery: Discovery, document: Object) -> str:
    path = discovery.path(document)
    if path is None:
        raise ProviderError(
            f"its cluster does not serve {document['kind']} ({document['apiVersion']}), part of the agent"
        )
    return path


def _namespaces_first(entry: tuple[str, Object]) -> bool:
    return str(entry[1]["kind"]) != "Namespace"


def _belongs_to(found: Mapping[str, Any] | None, cluster_id: str) -> bool:
    annotations = ((found or {}).get("metadata") or {}).get("annotations") or {}
    return bool(annotations.get(CLUSTER) == cluster_id)
