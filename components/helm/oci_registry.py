"""Charts in OCI registries (OCI Distribution Specification; Helm docs: "Use OCI-based registries")."""

from __future__ import annotations

import hashlib

from components.helm.chart_download import Download, explained
from components.runtime.http import HttpError, Response
from components.runtime.oci_client import OciRepository
from domain import oci
from domain.chart_urls import basic
from domain.charts import ChartMetadata, ChartReference


def find(reference: ChartReference, download: Download) -> ChartMetadata:
    """Reads the chart's manifest and configuration.

    Raises:
        FindingError, ChartError: It does not exist, or access is denied.
        ChartUnreachableError: The registry is unreachable.
    """
    repository, manifest = _manifest(reference, download)
    config = _get(repository, f"blobs/{oci.config(manifest.object(), reference.locator)}")
    digest = manifest.headers.get("docker-content-digest") or hashlib.sha256(manifest.content).hexdigest()
    return ChartMetadata.of(config.object(), digest)


def check(url: str, download: Download) -> None:
    """Checks that there is a chart at an ``oci://`` URL with a tag, to which an index may refer.

    Raises:
        FindingError, ChartError: It does not exist, or access is denied.
        ChartUnreachableError: The registry is unreachable.
    """
    _at(url, download)


def archive(reference: ChartReference, download: Download) -> tuple[bytes, str]:
    """The packaged chart, and the digest that it must have; raises as ``find``."""
    repository, manifest = _manifest(reference, download)
    return _layer(repository, manifest, reference.locator)


def archive_at(url: str, download: Download) -> tuple[bytes, str]:
    """The same for an ``oci://`` URL with a tag; raises as ``check``."""
    return _layer(*_at(url, download), url)


def _manifest(reference: ChartReference, download: Download) -> tuple[OciRepository, Response]:
    host, name, tag = oci.place(reference)
    repository = OciRepository(download, host, name, basic(reference.login))
    manifest = _find(repository, f"manifests/{tag}")
    if manifest is None:
        tags = _find(repository, "tags/list")
        raise oci.missing(reference, tags.object() if tags else {})
    return repository, manifest


def _at(url: str, download: Download) -> tuple[OciRepository, Response]:
    host, name, tag = oci.place_of(url)
    repository = OciRepository(download, host, name, "")
    manifest = _get(repository, f"manifests/{tag}")
    oci.config(manifest.object(), url)
    return repository, manifest


def _layer(repository: OciRepository, manifest: Response, shown: str) -> tuple[bytes, str]:
    digest = oci.archive(manifest.object(), shown)
    return _get(repository, f"blobs/{digest}").content, digest


def _get(repository: OciRepository, path: str) -> Response:
    try:
        return repository.get(path, _accept(path))
    except HttpError as error:
        raise explained(error, "the registry's chart is incomplete") from None


def _find(repository: OciRepository, path: str) -> Response | None:
    try:
        return repository.find(path, _accept(path))
    except HttpError as error:
        raise explained(error) from None


def _accept(path: str) -> str:
    return oci.MANIFEST if path.startswith("manifests/") else "*/*"
