"""Rancher's agent in an edge cluster: its manifest applied, and its objects removed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import yaml

from components.kubernetes import api as kube
from components.kubernetes.api import Kubernetes
from components.runtime.provider import wait
from fleet.registration import SiteError

MANAGER = "rancher-on-pks"
CLUSTER = "rancher-on-pks/cluster"
"""Annotation of each object that was applied: the cluster's id in Rancher."""
_SYSTEM = "/api/v1/namespaces/cattle-system"
_DEPLOYMENTS = "/apis/apps/v1/namespaces/cattle-system/deployments"
_AGENTS_OWN = ("cattle-fleet-system", "cattle-impersonation-system")
"""Namespaces that the agent makes itself."""
_TERMINATING_SECONDS = 60.0


def apply(kubeconfig: str, manifest: str, cluster_id: str, url: str, *, adopt: bool) -> list[str]:
    """Apply the agent's manifest, server-side; returns the paths of its objects.

    Raises:
        SiteError: The cluster runs a Rancher, or another Rancher's agent.
        KubernetesError: The API refuses, or does not answer.
    """
    documents = [item for item in yaml.safe_load_all(manifest) if item]
    with kube.client(kubeconfig) as api:
        _check_free(api, url, adopt)
        _await_terminated(api)
        paths = list(_paths(api, documents))
        for path, document in sorted(zip(paths, documents, strict=True), key=_namespaces_first):
            metadata = document["metadata"]
            annotations = {**(metadata.get("annotations") or {}), CLUSTER: cluster_id}
            api.apply(path, {**document, "metadata": {**metadata, "annotations": annotations}}, MANAGER)
    return paths


def remove(kubeconfig: str, paths: list[str], cluster_id: str) -> None:
    """Remove the objects at these paths, as far as they are still those of this cluster.

    Raises:
        KubernetesError: The API refuses, or does not answer.
    """
    with kube.client(kubeconfig) as api:
        ours = [path for path in paths if _is_of(api.get(path), cluster_id)]
        if _SYSTEM in ours:
            ours += [f"/api/v1/namespaces/{name}" for name in _AGENTS_OWN]
        for path in reversed(ours):
            api.delete(path)


def _check_free(api: Kubernetes, url: str, adopt: bool) -> None:
    """What must not be imported."""
    if api.get(f"{_DEPLOYMENTS}/rancher"):
        raise SiteError("its kubeconfig leads to a cluster that runs a Rancher server itself. Correct it")
    agent = api.get(f"{_DEPLOYMENTS}/cattle-cluster-agent") or {}
    containers = agent.get("spec", {}).get("template", {}).get("spec", {}).get("containers") or []
    servers = {
        entry.get("value")
        for container in containers
        for entry in container.get("env") or []
        if entry.get("name") == "CATTLE_SERVER"
    }
    if servers - {url} and not adopt:
        raise SiteError(
            f"its cluster has the agent of another Rancher ({', '.join(sorted(map(str, servers)))}). Remove "
            "it there, or set adopt: true to replace it"
        )


def _await_terminated(api: Kubernetes) -> None:
    """An earlier agent's namespace that is being deleted takes nothing new."""

    def poll() -> tuple[str, bool | None]:
        found = api.get(_SYSTEM) or {}
        going = found.get("metadata", {}).get("deletionTimestamp")
        return "it is being deleted", None if going else True

    what = "namespace cattle-system of the edge cluster"
    wait(what, poll, timeout=_TERMINATING_SECONDS, first=0.5, cap=5.0, resume="Run pulumi up again")


def _paths(api: Kubernetes, documents: list[dict[str, Any]]) -> Iterator[str]:
    """Where each object is, as the API itself tells of its kind."""
    known: dict[str, Mapping[str, Any]] = {}
    for document in documents:
        version, kind, metadata = document["apiVersion"], document["kind"], document["metadata"]
        base = f"/apis/{version}" if "/" in version else f"/api/{version}"
        if base not in known:
            resources = (api.get(base) or {}).get("resources") or []
            known[base] = {item["kind"]: item for item in resources if "/" not in item["name"]}
        found = known[base].get(kind)
        if found is None:
            raise SiteError(f"its cluster does not know {kind} of {version}, which the agent needs")
        space = f"/namespaces/{metadata.get('namespace') or 'default'}" if found["namespaced"] else ""
        yield f"{base}{space}/{found['name']}/{metadata['name']}"


def _namespaces_first(entry: tuple[str, dict[str, Any]]) -> bool:
    return str(entry[1]["kind"]) != "Namespace"


def _is_of(found: Mapping[str, Any] | None, cluster_id: str) -> bool:
    annotations = ((found or {}).get("metadata") or {}).get("annotations") or {}
    mark: str | None = annotations.get(CLUSTER)
    return mark == cluster_id
