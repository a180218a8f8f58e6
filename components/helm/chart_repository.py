"""Finds a chart where it comes from: a repository, an OCI registry, or this machine."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from components.helm import chart_documents, local_chart, oci_registry
from components.helm.chart_download import Download
from components.helm.chart_errors import ChartError
from domain import chart_index
from domain.chart_urls import basic, below, split
from domain.charts import OCI, ChartMetadata, ChartReference
from domain.finding import FindingError
from domain.urls import has_credentials


def resolve(reference: ChartReference) -> ChartMetadata:
    """Finds the chart and checks that it can be downloaded.

    Raises:
        ChartError: It does not exist, or access is denied.
        ChartUnreachableError: The repository is unreachable. Another try may succeed.
    """
    if reference.is_local:
        return local_chart.find(reference)
    if has_credentials(reference.repository):
        raise ChartError(
            f"the repository URL {reference.source} contains credentials. Remove them, and set user name and "
            "password of the chart repositories",
            "repository",
        )
    find = oci_registry.find if reference.is_oci else _find
    try:
        with Download(reference) as download:
            return find(reference, download)
    except FindingError as error:
        raise ChartError.of(error.finding) from None


def archive(reference: ChartReference) -> bytes:
    """The packaged chart, with the digest that its repository names.

    Raises:
        ChartError: It does not exist, is another than the repository says, or access is denied.
        ChartUnreachableError: The repository is unreachable. Another try may succeed.
    """
    try:
        with Download(reference) as download:
            fetch = oci_registry.archive if reference.is_oci else _archive
            content, digest = fetch(reference, download)
    except FindingError as error:
        raise ChartError.of(error.finding) from None
    wanted = digest.removeprefix("sha256:")
    if wanted and wanted != hashlib.sha256(content).hexdigest():
        raise ChartError(
            f"the archive of chart {reference.chart!r} in {reference.source} has another digest than the "
            "repository names. Have the repository repaired",
            "repository",
        )
    return content


def _find(reference: ChartReference, download: Download) -> ChartMetadata:
    entry = chart_index.entry(reference, _entries(reference, download))
    url = below(reference.repository, chart_index.archive(reference, entry))
    if url.startswith(OCI):
        oci_registry.check(url, download)
    else:
        _download(reference, url, download)
    return ChartMetadata.of({"name": reference.chart, **entry}, str(entry.get("digest") or ""))


def _archive(reference: ChartReference, download: Download) -> tuple[bytes, str]:
    entry = chart_index.entry(reference, _entries(reference, download))
    url = below(reference.repository, chart_index.archive(reference, entry))
    if url.startswith(OCI):
        return oci_registry.archive_at(url, download)
    return _download(reference, url, download), str(entry.get("digest") or "")


def _download(reference: ChartReference, url: str, download: Download) -> bytes:
    """The archive, which may be on another host, which the credentials are not for."""
    same = split(url)[:2] == split(reference.repository)[:2]
    authorization = basic(reference.login) if same else ""
    missing = "its index.yaml lists an archive that does not exist"
    return download.get(url, authorization=authorization, missing=missing).content


def _entries(reference: ChartReference, download: Download) -> Mapping[str, Any]:
    """The charts in the index of the repository."""
    url = below(reference.repository, "index.yaml")
    answer = download.get(
        url, authorization=basic(reference.login), missing=f"{reference.source} is not a chart repository"
    )
    try:
        index = chart_documents.parse(answer.content)
        entries = index["entries"]
    except (ValueError, KeyError) as error:
        reason = "no entries" if isinstance(error, KeyError) else str(error)
        raise ChartError(
            f"{reference.source} is not a chart repository: its index.yaml is invalid ({reason}). Check the "
            "address",
            "repository",
        ) from None
    return entries if isinstance(entries, dict) else {}
