"""Small real images, pushed to a registry by HTTP (OCI Distribution and Image Specifications)."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import ssl
import tarfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

INDEX = "application/vnd.oci.image.index.v1+json"
MANIFEST = "application/vnd.oci.image.manifest.v1+json"
CONFIG = "application/vnd.oci.image.config.v1+json"
_LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"
PLATFORM = "linux/amd64"


@dataclass(frozen=True)
class Publisher:
    """Pushes images to a registry.

    Attributes:
        url: ``https://host:port``.
        ca_file: File with its CA.
        login: User name and password.
    """

    url: str
    ca_file: Path
    login: tuple[str, str] | None = field(default=None, repr=False)

    def has(self, repository: str, tag: str) -> bool:
        """Whether the registry has an image of this name, of anybody."""
        with self._client(repository) as http:
            return http.head(f"manifests/{tag}", headers={"Accept": f"{MANIFEST}, {INDEX}"}).is_success

    def push(
        self, repository: str, tag: str, platforms: Sequence[str] = (PLATFORM,), *, note: str = ""
    ) -> str:
        """Pushes an image: an index for several platforms, a manifest for one; returns its digest.

        The content depends on the repository and the note alone, so that a tag can be moved and two tags can
        have the same image.
        """
        with self._client(repository) as http:
            manifests = [_image(http, repository, platform, note) for platform in platforms]
            if len(manifests) == 1:
                return _put(http, tag, MANIFEST, manifests[0])
            listed = []
            for platform, manifest in zip(platforms, manifests, strict=True):
                digest = _put(http, "", MANIFEST, manifest)
                system, _, architecture = platform.partition("/")
                size = len(_encoded(manifest))
                entry = {"mediaType": MANIFEST, "digest": digest, "size": size}
                listed.append({**entry, "platform": {"os": system, "architecture": architecture}})
            return _put(http, tag, INDEX, {"schemaVersion": 2, "mediaType": INDEX, "manifests": listed})

    def _client(self, repository: str) -> httpx.Client:
        trust = ssl.create_default_context(cafile=self.ca_file)
        return httpx.Client(verify=trust, auth=self.login, base_url=f"{self.url}/v2/{repository}/")


def _image(http: httpx.Client, repository: str, platform: str, note: str) -> dict[str, Any]:
    """Pushes configuration and layer of an image; returns its manifest."""
    system, _, architecture = platform.partition("/")
    plain = _archive(f"{repository} for {platform} {note}".encode())
    config = {
        "os": system,
        "architecture": architecture,
        "config": {},
        "rootfs": {"type": "layers", "diff_ids": [_sha256(plain)]},
    }
    return {
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "config": _blob(http, CONFIG, _encoded(config)),
        "layers": [_blob(http, _LAYER, gzip.compress(plain, mtime=0))],
    }


def _blob(http: httpx.Client, media_type: str, content: bytes) -> dict[str, Any]:
    digest = _sha256(content)
    if http.head(f"blobs/{digest}").status_code != httpx.codes.OK:
        place = http.post("blobs/uploads/").raise_for_status().headers["location"]
        url = httpx.URL(place).copy_merge_params({"digest": digest})
        http.put(url, content=content).raise_for_status()
    return {"mediaType": media_type, "digest": digest, "size": len(content)}


def _put(http: httpx.Client, tag: str, media_type: str, manifest: dict[str, Any]) -> str:
    content = _encoded(manifest)
    headers = {"Content-Type": media_type}
    http.put(f"manifests/{tag or _sha256(content)}", content=content, headers=headers).raise_for_status()
    return _sha256(content)


def _archive(text: bytes) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        entry = tarfile.TarInfo("README")
        entry.size = len(text)
        archive.addfile(entry, io.BytesIO(text))
    return buffer.getvalue()


def _encoded(document: dict[str, Any]) -> bytes:
    return json.dumps(document, sort_keys=True).encode()


def _sha256(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"
