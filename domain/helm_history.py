"""Revisions of a release as Helm 3 stores them.

Each is a Secret ``sh.helm.release.v1.<release>.v<revision>`` in the namespace of the release, label
``owner=helm``; its key ``release`` is gzipped JSON in base64.
"""

from __future__ import annotations

import base64
import gzip
import json
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from domain.documents import loads
from domain.shapes import Shape, check

_PENDING = ("pending-install", "pending-upgrade", "pending-rollback")
_FAILED = "failed"
_CONTENT: Shape = {
    "version!": int,
    "info!": {"status!": str},
    "chart!": {"metadata!": {"name!": str}},
}
_MOST_BYTES = 16 * 2**20
"""Largest release, unpacked. A Secret holds 1 MiB, and gzip packs up to a thousand times as much into it."""


@dataclass(frozen=True)
class Revision:
    """One revision of a release as stored by Helm."""

    secret: dict[str, Any]
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
    def is_pending(self) -> bool:
        """Whether an operation has not ended, or was interrupted."""
        return self.status in _PENDING

    @property
    def chart(self) -> str:
        """Name of the chart."""
        return str(self.content["chart"]["metadata"]["name"])

    def marked_failed(self) -> dict[str, Any]:
        """The Secret, with the status of a failed operation."""
        info = {**self.content["info"], "status": _FAILED, "description": "interrupted, marked as failed"}
        metadata = self.secret["metadata"]
        return {
            **self.secret,
            "metadata": {**metadata, "labels": {**(metadata.get("labels") or {}), "status": _FAILED}},
            "data": {**self.secret["data"], "release": encode({**self.content, "info": info})},
        }


def read(secrets: Iterable[dict[str, Any]]) -> list[Revision]:
    """Returns the revisions in the Secrets of a release, oldest first.

    Raises:
        ValueError: A Secret is damaged.
    """
    try:
        revisions = [Revision(secret, decode(secret["data"]["release"])) for secret in secrets]
        for revision in revisions:
            check(revision.content, _CONTENT)
        return sorted(revisions, key=lambda revision: revision.number)
    except (ValueError, OSError, KeyError, TypeError, EOFError, zlib.error) as error:
        raise ValueError(repr(error)) from None


def encode(content: dict[str, Any]) -> str:
    """Returns a revision as the Secret stores it: gzipped JSON in base64, and base64 again as Secret data."""
    packed = base64.b64encode(gzip.compress(json.dumps(content, separators=(",", ":")).encode()))
    return base64.b64encode(packed).decode()


def unpacked(packed: bytes) -> bytes:
    """Unzips what a release is stored as, within bounds.

    Raises:
        ValueError, zlib.error: It is damaged, or too large.
    """
    reader = zlib.decompressobj(zlib.MAX_WBITS | 16)
    text = reader.decompress(packed, _MOST_BYTES)
    if not reader.eof:
        raise ValueError(f"it is incomplete, or larger than {_MOST_BYTES} bytes")
    return text


def decode(data: str) -> dict[str, Any]:
    """Returns the revision in a Secret's data.

    Raises:
        ValueError, OSError, EOFError, zlib.error: The data is invalid.
    """
    packed = base64.b64decode(base64.b64decode(data))
    # Before the betas of Helm 3.0, revisions were not compressed.
    text = unpacked(packed) if packed.startswith(b"\x1f\x8b") else packed
    content: dict[str, Any] = loads(text.decode(errors="replace"))
    return content
