"""Manifests of images in a registry: which platform they are for.

Sources: OCI Image Specification (image index, manifest, configuration); Docker's Image Manifest V2, Schema 2.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

_INDEXES = (
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
)
_MANIFESTS = (
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.v2+json",
)
ACCEPT = ", ".join((*_INDEXES, *_MANIFESTS))
"""Header ``Accept``: what container engines send."""

PLATFORM = "linux/amd64"
"""Platform of PKS's nodes: the stemcells of BOSH exist for no other."""

_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")


def platform_digest(manifest: Mapping[str, Any]) -> str:
    """Digest of the manifest for the nodes' platform in an index; empty if it has none."""
    for entry, name in _platforms(manifest):
        if name == PLATFORM:
            return _digest(entry)
    return ""


def platforms(manifest: Mapping[str, Any]) -> list[str]:
    """The platforms in an index, for messages."""
    return sorted({name for _, name in _platforms(manifest)})


def is_index(manifest: Mapping[str, Any]) -> bool:
    """Whether it lists manifests for several platforms."""
    return isinstance(manifest.get("manifests"), list)


def config_digest(manifest: Mapping[str, Any]) -> str:
    """Digest of the configuration of an image for one platform; empty if it has none."""
    return _digest(manifest.get("config"))


def platform(config: Mapping[str, Any]) -> str:
    """The platform in an image's configuration."""
    return f"{config.get('os') or 'unknown'}/{config.get('architecture') or 'unknown'}"


def _platforms(manifest: Mapping[str, Any]) -> Iterator[tuple[Mapping[str, Any], str]]:
    listed = manifest.get("manifests")
    for entry in listed if isinstance(listed, list) else ():
        found = entry.get("platform") if isinstance(entry, Mapping) else None
        if isinstance(found, Mapping):
            yield entry, platform(found)


def _digest(descriptor: object) -> str:
    digest = descriptor.get("digest") if isinstance(descriptor, Mapping) else None
    return digest if isinstance(digest, str) and _DIGEST.fullmatch(digest) else ""
