"""Finds, moves and deletes the history of releases in Helm v2, which Tiller stores."""

from __future__ import annotations

from components.kubernetes.api import Kubernetes, KubernetesError
from components.runtime.errors import ProviderError
from domain.helm_v2 import NAMESPACE, STORAGES, Storage, TillerContent, TillerRevision


def find(kubernetes: Kubernetes, release: str) -> list[TillerRevision]:
    """Returns every revision of a release in both kinds of storage, oldest first."""
    found = [
        TillerRevision(storage, item)
        for storage in STORAGES
        for item in kubernetes.list(_collection(storage), labelSelector=f"OWNER=TILLER,NAME={release}")
    ]
    return sorted(found, key=lambda revision: revision.number)


def content(revision: TillerRevision) -> TillerContent:
    """Returns what Tiller stored.

    Raises:
        ProviderError: The data is damaged.
    """
    try:
        return revision.content
    except ValueError as error:
        raise ProviderError(str(error)) from None


def delete(kubernetes: Kubernetes, revision: TillerRevision) -> bool:
    """Deletes a revision from the history; returns whether it was there."""
    return kubernetes.delete(f"{_collection(revision.storage)}/{revision.name}")


def remove(kubernetes: Kubernetes, release: str) -> int:
    """Deletes the history of a release but not its objects; returns the number of revisions."""
    return sum(delete(kubernetes, revision) for revision in find(kubernetes, release))


def move(kubernetes: Kubernetes, release: str, to: Storage) -> int:
    """Moves the history to the storage that this Tiller uses; returns the number of moved revisions."""
    moved = [revision for revision in find(kubernetes, release) if revision.storage != to]
    for revision in moved:
        try:
            kubernetes.create(_collection(to), revision.stored_in(to))
        except KubernetesError as error:
            if error.status != 409:  # an interrupted run has copied it
                raise
        delete(kubernetes, revision)
    return len(moved)


def _collection(storage: Storage) -> str:
    return f"/api/v1/namespaces/{NAMESPACE}/{storage}"
