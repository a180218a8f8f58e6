#!/usr/bin/env python3
"""Stands in for ``skopeo copy``: from a registry, it makes a small image; into a registry, it really copies.

It needs Python alone, since a bundle carries it. The login is in the file that REGISTRY_AUTH_FILE names.
"""

from __future__ import annotations

import gzip
import hashlib
import http.client
import io
import json
import os
import ssl
import sys
import tarfile
from pathlib import Path
from urllib.parse import urlsplit

_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
_CONFIG = "application/vnd.oci.image.config.v1+json"
_LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"


def pull(name: str, layout: Path) -> None:
    """Makes a small image that has this name in it, the same each time."""
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        member = tarfile.TarInfo("name")
        member.size = len(name)
        archive.addfile(member, io.BytesIO(name.encode()))
    layer = gzip.compress(content.getvalue(), mtime=0)
    config = {
        "architecture": "amd64",
        "os": "linux",
        "rootfs": {"type": "layers", "diff_ids": [_digest(content.getvalue())]},
    }
    manifest = {
        "schemaVersion": 2,
        "mediaType": _MANIFEST,
        "config": _blob(layout, json.dumps(config).encode(), _CONFIG),
        "layers": [_blob(layout, layer, _LAYER)],
    }
    top = _blob(layout, json.dumps(manifest).encode(), _MANIFEST)
    (layout / "oci-layout").write_text('{"imageLayoutVersion": "1.0.0"}')
    (layout / "index.json").write_text(json.dumps({"schemaVersion": 2, "manifests": [top]}))


def _blob(layout: Path, content: bytes, media_type: str) -> dict[str, object]:
    digest = _digest(content)
    place = layout / "blobs" / digest.replace(":", "/")
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_bytes(content)
    return {"mediaType": media_type, "digest": digest, "size": len(content)}


def _digest(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def push(layout: Path, name: str, certificates: str) -> None:
    """Copies a layout into a registry."""
    host, _, rest = name.partition("/")
    repository, _, tag = rest.rpartition(":")
    login = json.loads(Path(os.environ["REGISTRY_AUTH_FILE"]).read_text())["auths"][host]["auth"]
    context = ssl.create_default_context(cafile=f"{certificates}/ca.crt")
    connection = http.client.HTTPSConnection(host, context=context, timeout=30)

    def send(method: str, path: str, body: bytes = b"", kind: str = "application/octet-stream") -> str:
        headers = {"Authorization": f"Basic {login}", "Content-Type": kind}
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        text = answer.read().decode()
        if answer.status not in (201, 202):
            sys.exit(f"{method} {path}: HTTP {answer.status} {text}")
        return answer.headers.get("location") or ""

    [top] = json.loads((layout / "index.json").read_text())["manifests"]
    content = (layout / "blobs" / top["digest"].replace(":", "/")).read_bytes()
    manifest = json.loads(content)
    for blob in (manifest["config"], *manifest["layers"]):
        place = urlsplit(send("POST", f"/v2/{repository}/blobs/uploads/"))
        data = (layout / "blobs" / blob["digest"].replace(":", "/")).read_bytes()
        send("PUT", f"{place.path}?{place.query}&digest={blob['digest']}", data)
    send("PUT", f"/v2/{repository}/manifests/{tag}", content, top["mediaType"])


def main() -> None:
    """``skopeo copy [OPTION ...] FROM TO``."""
    *options, source, target = sys.argv[2:]
    if target.startswith("oci:"):
        pull(source.removeprefix("docker://"), Path(target.removeprefix("oci:")))
    else:
        trust = options[options.index("--dest-cert-dir") + 1]
        push(Path(source.removeprefix("oci:")), target.removeprefix("docker://"), trust)


if __name__ == "__main__":
    main()
