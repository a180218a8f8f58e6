"""Finds a chart where it comes from: a repository, an OCI registry, or this machine."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from components.helm import chart_documents, local_chart, oci_registry
from components.helm.chart_download import Download, basic, joined, split
from components.helm.chart_reference import ChartError, ChartMetadata, ChartReference
from domain.urls import has_credentials
from domain.versions import Version

_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")


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
    find: Callable[[ChartReference, Download], ChartMetadata] = _find
    if reference.is_oci:
        find = oci_registry.find
    with Download(reference) as download:
        return find(reference, download)


def _find(reference: ChartReference, download: Download) -> ChartMetadata:
    entry = _entry(reference, _entries(reference, download))
    urls = entry.get("urls")
    if not isinstance(urls, list) or not urls or not isinstance(urls[0], str):
        raise ChartError(
            f"{reference.source} has no download URL for chart {reference.chart} {reference.version}. "
            "Correct its index.yaml",
            "repository",
        )
    archive = _joined(reference.repository, urls[0])
    if archive.startswith(oci_registry.SCHEME):
        oci_registry.check(archive, download)
    else:
        missing = "its index.yaml lists an archive that does not exist"
        download.get(archive, authorization=_authorization(reference, archive), missing=missing)
    return ChartMetadata.of({"name": reference.chart, **entry}, str(entry.get("digest") or ""))


def _entries(reference: ChartReference, download: Download) -> Mapping[str, Any]:
    """The charts in the index of the repository."""
    url = _joined(reference.repository, "index.yaml")
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


def _entry(reference: ChartReference, entries: Mapping[str, Any]) -> Mapping[str, Any]:
    """The version of the chart: the exact text first, then an equal version, as Helm does."""
    listed = entries.get(reference.chart)
    found = {
        item["version"]: item
        for item in reversed(listed if isinstance(listed, list) else [])
        if isinstance(item, dict) and isinstance(item.get("version"), str)
    }
    if not found:
        raise reference.missing_chart([name for name, items in entries.items() if items])
    if reference.version in found:
        return found[reference.version]
    for text, item in found.items():
        if _same_version(text, reference.version):
            return item
    raise reference.missing_version(found)


def _same_version(one: str, other: str) -> bool:
    try:
        return Version.parse(one) == Version.parse(other)
    except ValueError:
        return False


def _joined(repository: str, url: str) -> str:
    """A URL relative to the repository, with the repository's query (Helm's ``ResolveReferenceURL``)."""
    if _SCHEME.match(url):
        return url
    base = split(repository)
    folder = base._replace(path=f"{base.path.removesuffix('/')}/", query="", fragment="").geturl()
    # Below the folder nothing needs resolving, and `urljoin` would remove an empty segment of the path.
    whole = joined(folder, url) if url.startswith(("/", ".")) or "/." in url else f"{folder}{url}"
    return split(whole)._replace(query=base.query, fragment="").geturl()


def _authorization(reference: ChartReference, archive: str) -> str:
    """The archive may be on another host, which the credentials are not for."""
    same = split(archive)[:2] == split(reference.repository)[:2]
    return basic(reference.login) if same else ""
