"""History of a release in Helm's own storage, and recovery of one that an interrupted run left incomplete.

Helm stores each revision in a Secret ``sh.helm.release.v1.<release>.v<revision>`` in the namespace of the
release, label ``owner=helm``; its key ``release`` is gzipped JSON in base64. Before Helm acts, it stores the
revision as ``pending-install`` or ``pending-upgrade``. If Helm is killed, the revision stays pending and Helm
refuses every further operation ("another operation (install/upgrade/rollback) is in progress"). It also
refuses to install under a name that has a history ("cannot re-use a name that is still in use").
"""

from __future__ import annotations

import base64
import gzip
import json
import zlib
from dataclasses import dataclass
from typing import Any

from components.kubernetes.api import Kubernetes, Object
from components.runtime.errors import ProviderError

_PENDING = ("pending-install", "pending-upgrade", "pending-rollback")
_FAILED = "failed"


@dataclass(frozen=True)
class Revision:
    """One revision of a release as stored by Helm."""

    secret: Object
    content: dict[str, Any]

    @property
    def name(self) -> str:
        """Name of the Secret."""
        return str(self.secret["metadata"]["name"])

    @property
    def number(self) -> int:
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
    """Deletes the history of a release that is not in the stack's state, so that it can be installed.

    A run that was killed before the engine saved the release leaves such a history. The objects of the
    release stay; Helm adopts them because their annotations name the release.

    Returns:
        A log of what was done.

    Raises:
        ProviderError: The name is in use by a release of another chart.
    """
    revisions = _revisions(kubernetes, namespace, release)
    for revision in revisions:
        if revision.chart != chart:
            raise ProviderError(
                f"Helm release {release!r} in namespace {namespace!r} already exists with chart "
                f"{revision.chart!r} instead of {chart!r}. Remove it (helm uninstall {release} -n "
                f"{namespace}) or use another cluster"
            )
    done = []
    for revision in revisions:
        kubernetes.delete(_path(namespace, revision.name))
        done.append(
            f"deleted revision {revision.number} ({revision.status}) of release {release} from the history"
        )
    return done


def prepare_update(kubernetes: Kubernetes, namespace: str, release: str) -> list[str]:
    """Marks pending revisions of an interrupted operation as failed, so that the release can be upgraded.

    Returns:
        A log of what was done.
    """
    done = []
    for revision in _revisions(kubernetes, namespace, release):
        if revision.status in _PENDING:
            kubernetes.replace(_path(namespace, revision.name), _marked_failed(revision))
            done.append(
                f"marked revision {revision.number} ({revision.status}) of release {release} as failed"
            )
    return done


def exist(kubernetes: Kubernetes, namespace: str, release: str) -> bool:
    """Returns whether the release has a history."""
    return bool(_revisions(kubernetes, namespace, release))


def encode(content: dict[str, Any]) -> str:
    """Returns a revision as the Secret stores it: gzipped JSON in base64, and base64 again as Secret data."""
    packed = base64.b64encode(gzip.compress(json.dumps(content, separators=(",", ":")).encode()))
    return base64.b64encode(packed).decode()


def decode(data: str) -> dict[str, Any]:
    """Returns the revision in a Secret's data.

    Raises:
        ValueError, OSError: The data is invalid.
    """
    packed = base64.b64decode(base64.b64decode(data))
    # Before the betas of Helm 3.0, revisions were not compressed.
    text = gzip.decompress(packed) if packed.startswith(b"\x1f\x8b") else packed
    content: dict[str, Any] = json.loads(text)
    return content


def _revisions(kubernetes: Kubernetes, namespace: str, release: str) -> list[Revision]:
    """Returns every revision, oldest first."""
    path = f"/api/v1/namespaces/{namespace}/secrets"
    found = kubernetes.list(path, labelSelector=f"owner=helm,name={release}")
    try:
        revisions = [Revision(secret, decode(secret["data"]["release"])) for secret in found]
        return sorted(revisions, key=lambda revision: revision.number)
    except (ValueError, OSError, KeyError, TypeError, EOFError, zlib.error) as error:
        raise ProviderError(
            f"the history of Helm release {release!r} in namespace {namespace!r} is damaged ({error!r}). "
            f"Inspect it: kubectl get secret -n {namespace} -l owner=helm,name={release}"
        ) from None


def _marked_failed(revision: Revision) -> Object:
    info = {**revision.content["info"], "status": _FAILED, "description": "interrupted, marked as failed"}
    metadata = revision.secret["metadata"]
    return {
        **revision.secret,
        "metadata": {**metadata, "labels": {**metadata["labels"], "status": _FAILED}},
        "data": {**revision.secret["data"], "release": encode({**revision.content, "info": info})},
    }


def _path(namespace: str, secret: str) -> str:
    return f"/api/v1/namespaces/{namespace}/secrets/{secret}"
