"""Adds Helm 3's ownership metadata to the objects of a release.

Helm 3 adopts an existing object only with the label and both annotations (its ``checkOwnership``). The
annotations alone identify the workloads and Services of a release for this program.
"""

from __future__ import annotations

import yaml

from components.kubernetes.api import Kubernetes
from components.kubernetes.discovery import Discovery
from domain.helm_v2 import CURRENT_VERSIONS
from domain.workloads import owner

_ADOPTED = {"labels": {"app.kubernetes.io/managed-by": "Helm"}}


def annotate(
    kubernetes: Kubernetes, manifest: str, namespace: str, release: str, *, adopt: bool = False
) -> int:
    """Annotates the objects of a manifest with their release; returns how many exist.

    With ``adopt``, Helm 3 can adopt them. Objects of a kind that the API does not serve cannot exist.
    """
    metadata = {"annotations": owner(namespace, release), **(_ADOPTED if adopt else {})}
    discovery, count = Discovery(kubernetes), 0
    for item in filter(None, yaml.safe_load_all(manifest)):
        current = CURRENT_VERSIONS.get(item["kind"])
        path = discovery.path(item, namespace)
        if path is None and current:
            path = discovery.path(item, namespace, current)
        count += path is not None and kubernetes.merge(path, {"metadata": metadata}) is not None
    return count
