"""Finds a chart where it comes from: a repository, an OCI registry, or this machine."""

from __future__ import annotations

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


def _find(reference: ChartReference, download: Download) -> ChartMetadata:
    entry = chart_index.entry(reference, _entries(reference, download))
    archive = below(reference.repository, chart_index.archive(reference, entry))
    if archive.startswith(OCI):
        oci_registry.check(archive, download)
    else:
        # The archive may be on another host, which the credentials are not for.
        same = split(archive)[:2] == split(reference.repository)[:2]
        authorization = basic(reference.login) if same else ""
        missing = "its index.yaml lists an archive that does not exist"
        download.get(archive, authorization=authorization, missing=missing)
    return ChartMetadata.of({"name": reference.chart, **entry}, str(entry.get("digest") or ""))


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
