"""Base of the providers whose resources are in one cluster, which their input ``kubeconfig`` leads to."""

from __future__ import annotations

import time

from components.kubernetes.kubeconfig import expiry, same_cluster
from components.runtime.provider import Provider


class ClusterProvider(Provider):
    """A kubeconfig with other credentials for the same cluster changes nothing.

    Unless the old ones have expired: the state must have valid ones, since a refresh and a deletion use them.
    """

    def same(self, name: str, before: object, wanted: object) -> bool:
        if name != "kubeconfig":
            return before == wanted
        return before == wanted or (same_cluster(before, wanted) and not _expired(before))


def _expired(kubeconfig: object) -> bool:
    end = expiry(kubeconfig)
    return end is not None and end < time.time()
