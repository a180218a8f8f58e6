"""History of releases in Helm v2: Tiller stores it, and this module finds, reads, moves and deletes it.

Tiller stores each revision as ``<release>.v<revision>`` in its own namespace, a ConfigMap or (with
``--storage=secret``) a Secret, labels ``OWNER=TILLER``, ``NAME``, ``STATUS`` and ``VERSION``. Its
``release`` is a ``hapi.release.Release`` message, gzipped, in base64 (helm v2.17
``pkg/storage/driver/util.go``). Release names are unique in the cluster.
"""

from __future__ import annotations

import base64
import gzip
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from components.kubernetes.api import Kubernetes, KubernetesError, Object
from components.runtime.errors import ProviderError

NAMESPACE = "kube-system"
"""Namespace of Tiller and its storage (the default)."""

DEPLOYED, PENDING_ROLLBACK = "DEPLOYED", "PENDING_ROLLBACK"
_COMPLETE = (DEPLOYED, "SUPERSEDED")
_GONE = ("DELETED", "DELETING")

Storage = Literal["configmaps", "secrets"]
STORAGES: tuple[Storage, ...] = ("configmaps", "secrets")

# Field numbers of hapi/release/release.proto, hapi/chart/chart.proto and hapi/chart/metadata.proto.
_CHART, _MANIFEST, _NAMESPACE = 3, 5, 8
_METADATA, _CHART_NAME, _CHART_VERSION = 1, 1, 4


@dataclass(frozen=True)
class TillerRevision:
    """One revision of a release."""

    storage: Storage
    object: Object

    @property
    def path(self) -> str:
        """Path of the object in the API."""
        return f"{_collection(self.storage)}/{self.object['metadata']['name']}"

    @property
    def number(self) -> int:
        """Number of the revision, from 1."""
        return int(self.object["metadata"]["labels"]["VERSION"])

    @property
    def status(self) -> str:
        """Such as ``DEPLOYED``, ``SUPERSEDED``, ``FAILED``, ``PENDING_INSTALL``."""
        return str(self.object["metadata"]["labels"]["STATUS"])

    @property
    def is_complete(self) -> bool:
        """Whether the revision was installed completely."""
        return self.status in _COMPLETE

    @property
    def text(self) -> str:
        """The stored release: gzipped protobuf in base64."""
        data = str(self.object["data"]["release"])
        return base64.b64decode(data).decode() if self.storage == "secrets" else data

    @property
    def content(self) -> TillerContent:
        """What Tiller stored.

        Raises:
            ProviderError: The data is damaged.
        """
        try:
            release = _fields(gzip.decompress(base64.b64decode(self.text)))
            metadata = _fields(_fields(release[_CHART])[_METADATA])
            return TillerContent(
                namespace=release[_NAMESPACE].decode(),
                chart=metadata[_CHART_NAME].decode(),
                version=metadata[_CHART_VERSION].decode(),
                manifest=release.get(_MANIFEST, b"").decode(),
            )
        except (KeyError, ValueError, OSError, EOFError, IndexError, zlib.error) as error:
            name = self.object["metadata"]["name"]
            raise ProviderError(
                f"revision {name} of Helm v2 in {NAMESPACE} is damaged ({error!r}). "
                f"Inspect it: kubectl -n {NAMESPACE} get {self.storage} {name} -o yaml"
            ) from None


@dataclass(frozen=True)
class TillerContent:
    """The used parts of a stored release.

    Attributes:
        namespace: Namespace of the release.
        chart: Name of the chart.
        version: Version of the chart.
        manifest: All objects as YAML documents.
    """

    namespace: str
    chart: str
    version: str
    manifest: str


def find(kubernetes: Kubernetes, release: str) -> list[TillerRevision]:
    """Returns every revision of a release in both kinds of storage, oldest first."""
    found = [
        TillerRevision(storage, item)
        for storage in STORAGES
        for item in kubernetes.list(_collection(storage), labelSelector=f"OWNER=TILLER,NAME={release}")
    ]
    return sorted(found, key=lambda revision: revision.number)


def last_complete(revisions: Sequence[TillerRevision]) -> TillerRevision | None:
    """Returns the last revision that was installed completely; None if there is none or it is deleted.

    At the end of an upgrade Tiller first marks the old revision as superseded, then the new one as deployed:
    an upgrade that is interrupted in between leaves no deployed revision.
    """
    if not revisions or revisions[-1].status in _GONE:
        return None
    found = (item for status in _COMPLETE for item in reversed(revisions) if item.status == status)
    return next(found, None)


def remove(kubernetes: Kubernetes, release: str) -> int:
    """Deletes the history of a release but not its objects; returns the number of revisions."""
    return sum(kubernetes.delete(revision.path) for revision in find(kubernetes, release))


def move(kubernetes: Kubernetes, release: str, to: Storage) -> int:
    """Moves the history to the storage that this Tiller uses; returns the number of moved revisions."""
    moved = 0
    for revision in find(kubernetes, release):
        if revision.storage == to:
            continue
        metadata, text = revision.object["metadata"], revision.text
        copy: Object = {
            "apiVersion": "v1",
            "kind": "Secret" if to == "secrets" else "ConfigMap",
            "metadata": {"name": metadata["name"], "labels": metadata["labels"]},
            "data": {"release": base64.b64encode(text.encode()).decode() if to == "secrets" else text},
        }
        try:
            kubernetes.create(_collection(to), copy)
        except KubernetesError as error:
            if error.status != 409:  # an interrupted run has copied it
                raise
        kubernetes.delete(revision.path)
        moved += 1
    return moved


def _collection(storage: Storage) -> str:
    return f"/api/v1/namespaces/{NAMESPACE}/{storage}"


def _fields(message: bytes) -> dict[int, bytes]:
    """Returns the length-delimited fields of a protobuf message by number; the last of repeated fields."""
    return dict(_walk(message))


def _walk(message: bytes) -> Iterator[tuple[int, bytes]]:
    at = 0
    while at < len(message):
        key, at = _varint(message, at)
        kind = key & 7
        if kind == 0:
            _, at = _varint(message, at)
        elif kind == 2:
            size, at = _varint(message, at)
            if at + size > len(message):
                raise ValueError("truncated message")
            yield key >> 3, message[at : at + size]
            at += size
        elif kind in {1, 5}:
            at += 8 if kind == 1 else 4
        else:
            raise ValueError(f"invalid wire type {kind}")


def _varint(message: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = message[at]
        value |= (byte & 0x7F) << shift
        shift, at = shift + 7, at + 1
        if byte < 0x80:
            return value, at
