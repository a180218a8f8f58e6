"""Base of the providers whose resources are in one cluster, which their input ``kubeconfig`` leads to."""

from __future__ import annotations

from components.kubernetes.kubeconfig import same_cluster
from components.runtime.provider import Provider


class ClusterProvider(Provider):
    """A kubeconfig with other credentials for the same cluster changes nothing."""

    def same(self, name: str, before: object, wanted: object) -> bool:
        return same_cluster(before, wanted) if name == "kubeconfig" else before == wanted
