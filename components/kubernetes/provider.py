"""Base of the providers whose resources are in one cluster, which their input ``kubeconfig`` leads to."""

from __future__ import annotations

from components.kubernetes.kubeconfig import ends_within, same_cluster
from components.runtime.provider import Provider


class ClusterProvider(Provider):
    """A kubeconfig with other credentials for the same cluster changes nothing.

    Unless the old ones have expired: the state must have valid ones, since a refresh and a deletion use them.
    """

    def same(self, name: str, before: object, wanted: object) -> bool:
        if before == wanted:
            return True
        return name == "kubeconfig" and same_cluster(before, wanted) and not ends_within(before, 0)
