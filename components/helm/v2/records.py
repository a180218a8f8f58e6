"""Records of Helm v2's releases: found, read, moved between Tiller's two kinds of storage, removed.

Tiller keeps each revision as ``<release>.v<revision>`` in its own namespace, a ConfigMap or (with
``--storage=secret``) a Secret, labels ``OWNER=TILLER``, ``NAME``, ``STATUS`` and ``VERSION``. Its
``release`` is a ``hapi.release.Release`` message, gzipped, in base64 (helm v2.17
``pkg/storage/driver/util.go``). Names of releases are those of the whole cluster.
"""

from __future__ import annotations

import base64
import binascii
import gzip
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from components.kubernetes.api import Kubernetes, KubernetesError, Object
from components.runtime.errors import ProviderError

NAMESPACE = "kube-system"
"""Where Tiller and its records are (its default)."""

DEPLOYED, PENDING_ROLLBACK = "DEPLOYED", "PENDING_ROLLBACK"
_COMPLETE = (DEPLOYED, "SUPERSEDED")
_GONE = ("DELETED", "DELETING")

Storage = Literal["configmaps", "secrets"]
STORAGES: tuple[Storage, ...] = ("configmaps", "secrets")

# Field numbers of hapi/release/release.proto, hapi/chart/chart.proto and hapi/chart/metadata.proto.
_CHART, _MANIFEST, _NAMESPACE = 3, 5, 8
_METADATA, _CHART_NAME, _CHART_VERSION = 1, 1, 4


@dataclass(frozen=True)
class TillerRecord:
    """One revision of a release."""

    storage: Storage
    object: Object

    @property
    def path(self) -> str:
        """Path of the object in the API."""
        return f"{_collection(self.storage)}/{self.object['metadata']['name']}"

    @property
    def revision(self) -> int:
        """Number of the revision, from 1."""
        return int(self.object["metadata"]["labels"]["VERSION"])

    @property
    def status(self) -> str:
        """Such as ``DEPLOYED``, ``SUPERSEDED``, ``FAILED``, ``PENDING_INSTALL``."""
        return str(self.object["metadata"]["labels"]["STATUS"])

    @property
    def content(self) -> TillerContent:
        """What is recorded.

        Raises:
            ProviderError: It cannot be read.
        """
        try:
            data = str(self.object["data"]["release"])
            text = base64.b64decode(data).decode() if self.storage == "secrets" else data
            release = _fields(gzip.decompress(base64.b64decode(text)))
            metadata = _fields(_fields(release[_CHART])[_METADATA])
            return TillerContent(
                namespace=release[_NAMESPACE].decode(),
                chart=metadata[_CHART_NAME].decode(),
                version=metadata[_CHART_VERSION].decode(),
                manifest=release.get(_MANIFEST, b"").decode(),
            )
        except (KeyError, ValueError, OSError, EOFError, binascii.Error, IndexError) as error:
            name = self.object["metadata"]["name"]
            raise ProviderError(
                f"record {name} of Helm v2 in {NAMESPACE} cannot be read ({error!r}). "
                f"See kubectl -n {NAMESPACE} get {self.storage} {name} -o yaml"
            ) from None


@dataclass(frozen=True)
class TillerContent:
    """The parts of a record that matter here."""

    namespace: str
    chart: str
    """Name of the chart."""
    version: str
    """Version of the chart."""
    manifest: str
    """All objects as YAML documents."""


def find(kubernetes: Kubernetes, release: str) -> list[TillerRecord]:
    """Every revision of a release in both kinds of storage, the oldest first."""
    found = [
        TillerRecord(storage, item)
        for storage in STORAGES
        for item in kubernetes.list(_collection(storage), labelSelector=f"OWNER=TILLER,NAME={release}")
    ]
    return sorted(found, key=lambda record: record.revision)


def complete(record: TillerRecord) -> bool:
    """Whether the revision was installed completely."""
    return record.status in _COMPLETE


def intact(records: list[TillerRecord]) -> TillerRecord | None:
    """The last revision that was installed completely; None when there is none or the release is deleted.

    At the end of an upgrade Tiller marks the revision before as superseded, a moment later its own as
    deployed: one that is cut off in between leaves none that is deployed.
    """
    if not records or records[-1].status in _GONE:
        return None
    found = (record for status in _COMPLETE for record in reversed(records) if record.status == status)
    return next(found, None)


def remove(kubernetes: Kubernetes, release: str) -> int:
    """Forget the release without touching its objects; returns how many revisions were forgotten."""
    return sum(kubernetes.delete(record.path) for record in find(kubernetes, release))


def move(kubernetes: Kubernetes, release: str, to: Storage) -> int:
    """Put records of the other kind where this Tiller looks for them; returns how many were moved."""
    moved = 0
    for record in find(kubernetes, release):
        if record.storage == to:
            continue
        metadata = record.object["metadata"]
        data = str(record.object["data"]["release"])
        text = base64.b64decode(data).decode() if record.storage == "secrets" else data
        copy: Object = {
            "apiVersion": "v1",
            "kind": "Secret" if to == "secrets" else "ConfigMap",
            "metadata": {"name": metadata["name"], "labels": metadata["labels"]},
            "data": {"release": base64.b64encode(text.encode()).decode() if to == "secrets" else text},
        }
        try:
            kubernetes.create(_collection(to), copy)
        except KubernetesError as error:
            if error.status != 409:  # copied by a run that was cut off before it deleted the other
                raise
        kubernetes.delete(record.path)
        moved += 1
    return moved


def _collection(storage: Storage) -> str:
    return f"/api/v1/namespaces/{NAMESPACE}/{storage}"


def _fields(message: bytes) -> dict[int, bytes]:
    """The length-delimited fields of a protobuf message by number; of repeated ones the last."""
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
                raise ValueError("it is cut off")
            yield key >> 3, message[at : at + size]
            at += size
        elif kind in {1, 5}:
            at += 8 if kind == 1 else 4
        else:
            raise ValueError(f"no protobuf message: wire type {kind}")


def _varint(message: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = message[at]
        value |= (byte & 0x7F) << shift
        shift, at = shift + 7, at + 1
        if byte < 0x80:
            return value, at
