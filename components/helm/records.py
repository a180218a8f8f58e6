"""Helm 3's own records of a release, and how to recover from those that an interrupted run left behind.

Each revision is a Secret ``sh.helm.release.v1.<release>.v<revision>`` of the release's namespace, label
``owner=helm``; its ``release`` holds the record as gzipped JSON in base64. Helm writes ``pending-install`` or
``pending-upgrade`` before it acts. Afterwards it refuses every operation on a release that is still so
("another operation (install/upgrade/rollback) is in progress"), and every installation under a name that has
a record ("cannot re-use a name that is still in use").
"""

from __future__ import annotations

import base64
import gzip
import json
from dataclasses import dataclass
from typing import Any

from components.kubernetes.api import Kubernetes, Object
from components.runtime.errors import ProviderError

_PENDING = ("pending-install", "pending-upgrade", "pending-rollback")
_FAILED = "failed"


@dataclass(frozen=True)
class Record:
    """One revision of a release as Helm recorded it."""

    secret: Object
    content: dict[str, Any]

    @property
    def name(self) -> str:
        """Name of the Secret."""
        return str(self.secret["metadata"]["name"])

    @property
    def revision(self) -> int:
        """Number of the revision, from 1."""
        return int(self.content["version"])

    @property
    def status(self) -> str:
        """Such as ``deployed``, ``superseded``, ``failed``, ``pending-upgrade``."""
        return str(self.content["info"]["status"])

    @property
    def chart(self) -> str:
        """Name of the chart."""
        return str(self.content["chart"]["metadata"]["name"])


def prepare_create(kubernetes: Kubernetes, namespace: str, release: str, chart: str) -> list[str]:
    """Make way for an installation: forget records of the release that the stack does not know of.

    They come from a run that was cut off before the engine had noted the release. The objects stay; Helm
    takes them over, as they name the release in their annotations.

    Returns:
        What was done, in words.

    Raises:
        ProviderError: The name belongs to a release of another chart.
    """
    records = _records(kubernetes, namespace, release)
    for record in records:
        if record.chart != chart:
            raise ProviderError(
                f"Helm release {release!r} in namespace {namespace!r} exists and is of chart "
                f"{record.chart!r}, not {chart!r}. Remove it (helm uninstall {release} -n {namespace}), or "
                "use another cluster"
            )
    done = []
    for record in records:
        kubernetes.delete(_path(namespace, record.name))
        done.append(f"forgot revision {record.revision} ({record.status}) of release {release}")
    return done


def prepare_update(kubernetes: Kubernetes, namespace: str, release: str) -> list[str]:
    """Make way for an upgrade: mark revisions failed that an interrupted operation left pending.

    Returns:
        What was done, in words.
    """
    done = []
    for record in _records(kubernetes, namespace, release):
        if record.status in _PENDING:
            kubernetes.replace(_path(namespace, record.name), _marked_failed(record))
            done.append(f"marked revision {record.revision} ({record.status}) of release {release} as failed")
    return done


def exist(kubernetes: Kubernetes, namespace: str, release: str) -> bool:
    """Whether Helm 3 knows the release, in whatever state."""
    return bool(_records(kubernetes, namespace, release))


def encode(content: dict[str, Any]) -> str:
    """A record as the Secret's data has it: JSON, gzipped, in base64, and in base64 again for the Secret."""
    packed = base64.b64encode(gzip.compress(json.dumps(content, separators=(",", ":")).encode()))
    return base64.b64encode(packed).decode()


def decode(data: str) -> dict[str, Any]:
    """The record in the Secret's data. Raises ``ValueError`` or ``OSError`` when it is none."""
    packed = base64.b64decode(base64.b64decode(data))
    # Records of Helm before 3.0 betas are not compressed.
    text = gzip.decompress(packed) if packed.startswith(b"\x1f\x8b") else packed
    content: dict[str, Any] = json.loads(text)
    return content


def _records(kubernetes: Kubernetes, namespace: str, release: str) -> list[Record]:
    """Every revision, the oldest first."""
    path = f"/api/v1/namespaces/{namespace}/secrets"
    found = kubernetes.list(path, labelSelector=f"owner=helm,name={release}")
    try:
        records = [Record(secret, decode(secret["data"]["release"])) for secret in found]
        return sorted(records, key=lambda record: record.revision)
    except (ValueError, OSError, KeyError) as error:
        raise ProviderError(
            f"a record of Helm release {release!r} in namespace {namespace!r} cannot be read ({error!r}). "
            f"See kubectl get secret -n {namespace} -l owner=helm,name={release}"
        ) from None


def _marked_failed(record: Record) -> Object:
    info = {**record.content["info"], "status": _FAILED, "description": "interrupted, marked as failed"}
    metadata = record.secret["metadata"]
    return {
        **record.secret,
        "metadata": {**metadata, "labels": {**metadata["labels"], "status": _FAILED}},
        "data": {**record.secret["data"], "release": encode({**record.content, "info": info})},
    }


def _path(namespace: str, secret: str) -> str:
    return f"/api/v1/namespaces/{namespace}/secrets/{secret}"
