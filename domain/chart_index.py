"""``index.yaml`` of a chart repository: the entry of a chart, and where its archive is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from domain.charts import ChartReference
from domain.finding import FindingError
from domain.versions import Version


def entry(reference: ChartReference, entries: Mapping[str, Any]) -> Mapping[str, Any]:
    """The version of the chart: the exact text first, then an equal version, as Helm does.

    Raises:
        FindingError: The index has no such chart, or no such version.
    """
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


def archive(reference: ChartReference, entry: Mapping[str, Any]) -> str:
    """URL of an entry's archive as the index has it, which may be relative.

    Raises:
        FindingError: The entry has none.
    """
    urls = entry.get("urls")
    if not isinstance(urls, list) or not urls or not isinstance(urls[0], str):
        problem = f"{reference.source} has no download URL for chart {reference.chart} {reference.version}"
        raise FindingError("repository", problem, "Correct its index.yaml")
    return urls[0]


def _same_version(one: str, other: str) -> bool:
    try:
        return Version.parse(one) == Version.parse(other)
    except ValueError:
        return False
