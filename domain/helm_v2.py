"""Helm v2: how Tiller stores releases, its permissions, and old kinds of objects.

Tiller stores each revision as ``<release>.v<revision>`` in its own namespace, a ConfigMap or (with
``--storage=secret``) a Secret, labels ``OWNER=TILLER``, ``NAME``, ``STATUS`` and ``VERSION``. Its
``release`` is a ``hapi.release.Release`` message, gzipped, in base64 (helm v2.17
``pkg/storage/driver/util.go``). Release names are unique in the cluster.
"""

from __future__ import annotations

import base64
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from google.protobuf.empty_pb2 import Empty
from google.protobuf.message import DecodeError
from google.protobuf.unknown_fields import UnknownFieldSet

from domain.helm_history import unpacked

NAMESPACE = "kube-system"
"""Namespace of Tiller and its storage (the default)."""
ACCOUNT = "tiller"
"""Tiller's service account in kube-system, as in the article."""
ROLE = "cluster-admin"
IMAGE = "ghcr.io/helm/tiller:v2.17.0"
"""Default image of ``helm init`` in 2.17.0, the only version whose default image exists."""

DEPLOYED, PENDING_ROLLBACK = "DEPLOYED", "PENDING_ROLLBACK"
_COMPLETE = (DEPLOYED, "SUPERSEDED")
_GONE = ("DELETED", "DELETING")

Storage = Literal["configmaps", "secrets"]
STORAGES: tuple[Storage, ...] = ("configmaps", "secrets")

# Field numbers of hapi/release/release.proto, hapi/chart/chart.proto and hapi/chart/metadata.proto.
_CHART, _MANIFEST, _NAMESPACE = 3, 5, 8
_METADATA, _CHART_NAME, _CHART_VERSION = 1, 1, 4
_LENGTH_DELIMITED = 2

CURRENT_VERSIONS = {
    "Ingress": "networking.k8s.io/v1",
    "NetworkPolicy": "networking.k8s.io/v1",
    "Deployment": "apps/v1",
    "DaemonSet": "apps/v1",
    "StatefulSet": "apps/v1",
    "ReplicaSet": "apps/v1",
    "PodDisruptionBudget": "policy/v1",
    "Role": "rbac.authorization.k8s.io/v1",
    "RoleBinding": "rbac.authorization.k8s.io/v1",
    "ClusterRole": "rbac.authorization.k8s.io/v1",
    "ClusterRoleBinding": "rbac.authorization.k8s.io/v1",
    "HorizontalPodAutoscaler": "autoscaling/v2",
    "CustomResourceDefinition": "apiextensions.k8s.io/v1",
}
"""Current API versions of kinds that old charts create in beta versions (Kubernetes deprecation guide)."""


@dataclass(frozen=True)
class TillerRevision:
    """One revision of a release."""

    storage: Storage
    object: dict[str, Any]

    @property
    def name(self) -> str:
        """Name of the object."""
        return str(self.object["metadata"]["name"])

    @property
    def number(self) -> int:
        """Number of the revision, from 1."""
        label = (self.object["metadata"].get("labels") or {}).get("VERSION", "")
        return int(label) if label.isascii() and label.isdigit() else 0

    @property
    def status(self) -> str:
        """Such as ``DEPLOYED``, ``SUPERSEDED``, ``FAILED``, ``PENDING_INSTALL``."""
        return str((self.object["metadata"].get("labels") or {}).get("STATUS", ""))

    @property
    def is_complete(self) -> bool:
        """Whether the revision was installed completely."""
        return self.status in _COMPLETE

    @property
    def text(self) -> str:
        """The stored release: gzipped protobuf in base64."""
        data = str((self.object.get("data") or {}).get("release", ""))
        return base64.b64decode(data).decode() if self.storage == "secrets" else data

    def stored_in(self, storage: Storage) -> dict[str, Any]:
        """The object that stores the revision in another storage."""
        metadata, secret = self.object["metadata"], storage == "secrets"
        return {
            "apiVersion": "v1",
            "kind": "Secret" if secret else "ConfigMap",
            "metadata": {"name": metadata["name"], "labels": metadata.get("labels") or {}},
            "data": {"release": base64.b64encode(self.text.encode()).decode() if secret else self.text},
        }

    @property
    def content(self) -> TillerContent:
        """What Tiller stored.

        Raises:
            ValueError: The data is damaged.
        """
        try:
            release = _fields(unpacked(base64.b64decode(self.text)))
            metadata = _fields(_fields(release[_CHART])[_METADATA])
            return TillerContent(
                namespace=release[_NAMESPACE].decode(),
                chart=metadata[_CHART_NAME].decode(),
                version=metadata[_CHART_VERSION].decode(),
                manifest=release.get(_MANIFEST, b"").decode(),
            )
        except (KeyError, ValueError, OSError, EOFError, DecodeError, zlib.error) as error:
            raise ValueError(
                f"revision {self.name} of Helm v2 in {NAMESPACE} is damaged ({error!r}). "
                f"Inspect it: kubectl -n {NAMESPACE} get {self.storage} {self.name} -o yaml"
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


def last_complete(revisions: Sequence[TillerRevision]) -> TillerRevision | None:
    """Returns the last revision that was installed completely; None if there is none or it is deleted.

    At the end of an upgrade Tiller first marks the old revision as superseded, then the new one as deployed:
    an upgrade that is interrupted in between leaves no deployed revision.
    """
    if not revisions or revisions[-1].status in _GONE:
        return None
    found = (item for status in _COMPLETE for item in reversed(revisions) if item.status == status)
    return next(found, None)


def binding(name: str) -> dict[str, Any]:
    """Returns a ClusterRoleBinding that makes Tiller cluster-admin."""
    return {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "ClusterRoleBinding",
        "metadata": {"name": name},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": ROLE},
        "subjects": [{"kind": "ServiceAccount", "namespace": NAMESPACE, "name": ACCOUNT}],
    }


def is_for_tiller(binding: Mapping[str, Any]) -> bool:
    """Returns whether a ClusterRoleBinding makes Tiller's service account cluster-admin."""
    account = ("ServiceAccount", NAMESPACE, ACCOUNT)
    return (binding.get("roleRef") or {}).get("name") == ROLE and any(
        (subject["kind"], subject.get("namespace"), subject["name"]) == account
        for subject in binding.get("subjects") or []
    )


def _fields(message: bytes) -> dict[int, bytes]:
    """Returns the length-delimited fields of a protobuf message by number; the last of repeated fields."""
    fields = UnknownFieldSet(Empty.FromString(message))
    return {field.field_number: field.data for field in fields if field.wire_type == _LENGTH_DELIMITED}
