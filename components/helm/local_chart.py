"""Charts on this machine: a directory, or an archive as packaged by ``helm package``."""

from __future__ import annotations

import hashlib
import tarfile
from pathlib import Path

from components.helm import chart_documents
from components.helm.chart_errors import ChartError
from domain.charts import ChartMetadata, ChartReference

_MOST_BYTES = 2**20


def find(reference: ChartReference) -> ChartMetadata:
    """Reads the chart.

    Raises:
        ChartError: There is no chart, or it has another version.
    """
    path = Path(reference.chart)
    try:
        content, digest = _archive(path) if path.is_file() else _directory(path)
        found = ChartMetadata.of(chart_documents.parse(content), digest)
    except (OSError, tarfile.TarError, EOFError, ValueError, KeyError) as error:
        missing = isinstance(error, FileNotFoundError | KeyError)
        reason = "Chart.yaml is missing" if missing else str(error)
        raise ChartError(
            f"{path} is not a chart ({reason}). Give the directory of a chart, or its packaged .tgz", "chart"
        ) from None
    if found.version != reference.version:
        raise ChartError(
            f"the chart at {path} has version {found.version}, not {reference.version}. Set its version",
            "version",
        )
    return found


def name(reference: ChartReference) -> str:
    """Name of a chart; the last part of its path while it cannot be read, which the preflight reports."""
    if not reference.is_local:
        return reference.chart
    try:
        return find(reference).name
    except ChartError:
        return Path(reference.chart).name


def packaged_file(archive: tarfile.TarFile, name: str) -> bytes:
    """The content of a file at the top of a packaged chart.

    Raises:
        KeyError: There is none.
    """
    for member in archive:
        if member.isfile() and member.name.count("/") == 1 and member.name.endswith(f"/{name}"):
            file = archive.extractfile(member)
            return file.read(_MOST_BYTES) if file else b""
    raise KeyError(name)


def _archive(path: Path) -> tuple[bytes, str]:
    with tarfile.open(path) as archive:
        return packaged_file(archive, "Chart.yaml"), hashlib.sha256(path.read_bytes()).hexdigest()


def _directory(path: Path) -> tuple[bytes, str]:
    chart = (path / "Chart.yaml").read_bytes()
    digest = hashlib.sha256()
    for file in sorted(item for item in path.rglob("*") if item.is_file()):
        content = file.read_bytes()
        digest.update(f"{file.relative_to(path)} {len(content)}\n".encode() + content)
    return chart, digest.hexdigest()
