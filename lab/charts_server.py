"""``python -m lab.charts_server``: serves the lab's charts as a repository and as an OCI registry.

``http://127.N.0.6:8080`` is a Helm repository (``index.yaml`` next to the packages). The same content is
served over TLS, with a certificate of the lab's CA, on port 8443 of that address. ``oci://127.N.0.6:8443/charts/NAME``
works there too, because helm uses plain HTTP for a registry only on request.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import logging
from dataclasses import dataclass
from urllib.parse import urlsplit

from aiohttp import web

from lab import pki
from lab.chart_packages import Package, index, packages
from lab.daemon import run
from lab.foundation.http import faulty
from lab.layout import Lab

TLS_PORT = 8443
# Media types: https://helm.sh/docs/topics/registries/ and the OCI image specification.
_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
_CONFIG = "application/vnd.cncf.helm.config.v1+json"
_LAYER = "application/vnd.cncf.helm.chart.content.v1.tar+gzip"


@dataclass(frozen=True)
class Registry:
    """The charts as OCI artifacts: blobs by digest, manifest digests by repository and tag."""

    blobs: dict[str, tuple[str, bytes]]
    """Media type and content by digest."""
    tags: dict[str, dict[str, str]]

    @classmethod
    def of(cls, charts: list[Package]) -> Registry:
        """Builds the artifacts ``charts/NAME:VERSION`` of these packages."""
        registry = cls({}, {})
        for chart in charts:
            config = registry._add(_CONFIG, json.dumps(chart.metadata, sort_keys=True).encode())
            layer = registry._add(_LAYER, chart.archive)
            manifest = {"schemaVersion": 2, "mediaType": _MANIFEST, "config": config, "layers": [layer]}
            added = registry._add(_MANIFEST, json.dumps(manifest, sort_keys=True).encode())
            # A tag must not contain a plus sign; helm replaces it with an underscore.
            tag = chart.version.replace("+", "_")
            registry.tags.setdefault(f"charts/{chart.name}", {})[tag] = str(added["digest"])
        return registry

    def _add(self, media_type: str, content: bytes) -> dict[str, str | int]:
        digest = f"sha256:{hashlib.sha256(content).hexdigest()}"
        self.blobs[digest] = (media_type, content)
        return {"mediaType": media_type, "digest": digest, "size": len(content)}


def application(lab: Lab) -> web.Application:
    """Returns the repository and the registry as one application."""
    charts = packages()
    registry = Registry.of(charts)
    files = {chart.file_name: chart.archive for chart in charts}
    index_text = index(charts)

    async def get_index(_: web.Request) -> web.Response:
        return web.Response(text=index_text, content_type="application/x-yaml")

    async def get_archive(request: web.Request) -> web.Response:
        archive = files.get(request.match_info["file"])
        if archive is None:
            raise web.HTTPNotFound
        return web.Response(body=archive, content_type="application/gzip")

    async def get_version(_: web.Request) -> web.Response:
        return web.json_response({})

    async def get_tags(request: web.Request) -> web.Response:
        name = request.match_info["name"]
        if name not in registry.tags:
            return _registry_error("NAME_UNKNOWN", f"repository name not known to registry: {name}")
        return web.json_response({"name": name, "tags": sorted(registry.tags[name])})

    async def get_manifest(request: web.Request) -> web.Response:
        reference = request.match_info["reference"]
        digest = registry.tags.get(request.match_info["name"], {}).get(reference, reference)
        if digest not in registry.blobs:
            return _registry_error("MANIFEST_UNKNOWN", f"manifest unknown: {reference}")
        return _blob(digest, *registry.blobs[digest])

    async def get_blob(request: web.Request) -> web.Response:
        digest = request.match_info["digest"]
        if digest not in registry.blobs:
            return _registry_error("BLOB_UNKNOWN", f"blob unknown to registry: {digest}")
        return _blob(digest, "application/octet-stream", registry.blobs[digest][1])

    app = web.Application(middlewares=[faulty(lab, "charts")])
    app.router.add_get("/index.yaml", get_index)
    app.router.add_get("/{file:[^/]+[.]tgz}", get_archive)
    app.router.add_get("/v2/", get_version)
    app.router.add_get("/v2/{name:.+}/tags/list", get_tags)
    app.router.add_get("/v2/{name:.+}/manifests/{reference}", get_manifest)
    app.router.add_get("/v2/{name:.+}/blobs/{digest}", get_blob)
    return app


async def serve(lab: Lab) -> None:
    """Serves until cancelled."""
    url = urlsplit(lab.chart_repository)
    host, port = str(url.hostname), url.port
    context = pki.server_context(lab, "charts", [host])
    runner = web.AppRunner(application(lab), access_log_format='%a "%r" %s %b')
    await runner.setup()
    await web.TCPSite(runner, host, port).start()
    await web.TCPSite(runner, host, TLS_PORT, ssl_context=context).start()
    try:
        await asyncio.Event().wait()
    finally:
        await runner.cleanup()


def _blob(digest: str, media_type: str, content: bytes) -> web.Response:
    headers = {"Docker-Content-Digest": digest, "Content-Type": media_type}
    return web.Response(body=content, headers=headers)


def _registry_error(code: str, message: str) -> web.Response:
    return web.json_response({"errors": [{"code": code, "message": message}]}, status=404)


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    asyncio.run(run(serve(Lab.from_environment())))
