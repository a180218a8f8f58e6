"""``ChartContents``: what a chart says about itself, and its own values."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from components.helm import chart_documents, chart_repository
from components.helm.chart_errors import ChartError
from components.helm.local_chart import packaged_file
from domain.charts import ChartReference


class ChartContentsError(ChartError):
    """The chart is there, but cannot be read."""


@dataclass(frozen=True)
class ChartContents:
    """Documents of a chart; scalars are texts as written.

    Attributes:
        metadata: ``Chart.yaml``.
        values: ``values.yaml``; empty if the chart has none.
    """

    metadata: Mapping[str, Any]
    values: Mapping[str, Any]

    @property
    def app_version(self) -> str:
        """Version of the application."""
        return str(self.metadata.get("appVersion") or "")


def read(reference: ChartReference) -> ChartContents:
    """Reads a chart where it is: in a repository, an OCI registry, or on this machine.

    Raises:
        ChartError: It does not exist, access is denied, or (``ChartContentsError``) it is invalid.
        ChartUnreachableError: The repository is unreachable. Another try may succeed.
    """
    path = Path(reference.chart)
    try:
        folder = reference.is_local and path.is_dir()
        content = b"" if folder else archive(reference)

        def file(name: str) -> bytes:
            if folder:
                return (path / name).read_bytes()
            with tarfile.open(fileobj=io.BytesIO(content)) as packaged:
                return packaged_file(packaged, name)

        try:
            values = chart_documents.parse(file("values.yaml") or b"{}")
        except (FileNotFoundError, KeyError):
            values = {}
        return ChartContents(chart_documents.parse(file("Chart.yaml")), values)
    except (OSError, tarfile.TarError, EOFError, ValueError, KeyError) as error:
        raise ChartContentsError(
            f"chart {reference.locator} cannot be read ({error}). Check the chart", "chart"
        ) from None


def archive(reference: ChartReference) -> bytes:
    """The packaged chart, from its repository or this machine; not of a folder.

    Raises:
        OSError: A chart on this machine cannot be read.
        ChartError, ChartUnreachableError: See ``components.helm.chart_repository.archive``.
    """
    return Path(reference.chart).read_bytes() if reference.is_local else chart_repository.archive(reference)
