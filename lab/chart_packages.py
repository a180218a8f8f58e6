"""Packages the lab's own Helm charts (``lab/charts``) without helm, reproducibly."""

from __future__ import annotations

import gzip
import hashlib
import io
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

CHARTS = Path(__file__).parent / "charts"
# Packages are reproducible because clients record their digests.
_CREATED = "2024-01-01T00:00:00Z"


@dataclass(frozen=True)
class Package:
    """One version of one chart."""

    metadata: dict[str, Any]
    """Content of its Chart.yaml."""
    archive: bytes
    """The gzipped tar that helm installs."""

    @property
    def name(self) -> str:
        return str(self.metadata["name"])

    @property
    def version(self) -> str:
        return str(self.metadata["version"])

    @property
    def file_name(self) -> str:
        return f"{self.name}-{self.version}.tgz"

    @property
    def digest(self) -> str:
        """SHA-256 of the archive, in hexadecimal."""
        return hashlib.sha256(self.archive).hexdigest()


def packages(root: Path = CHARTS) -> list[Package]:
    """Returns every version of every chart below ``root``, from Chart.yaml and ``releases.yaml``."""
    releases: dict[str, list[dict[str, str]]] = yaml.safe_load((root / "releases.yaml").read_text()) or {}
    return [
        _package(folder.parent, metadata)
        for folder in sorted(root.glob("*/Chart.yaml"))
        for metadata in _versions(folder, releases.get(folder.parent.name, []))
    ]


def chart_values(package: Package) -> dict[str, Any]:
    """The package's own values, scalars as texts: tags may look like numbers."""
    with tarfile.open(fileobj=io.BytesIO(package.archive)) as archive:
        file = archive.extractfile(f"{package.name}/values.yaml")
        values: dict[str, Any] = yaml.load(file or b"", Loader=yaml.BaseLoader)  # noqa: S506 - texts alone
    return values


def index(charts: list[Package]) -> str:
    """Returns the ``index.yaml`` of a chart repository that serves these packages next to it."""
    entries: dict[str, list[dict[str, Any]]] = {}
    for chart in charts:
        entry = {**chart.metadata, "created": _CREATED, "digest": chart.digest, "urls": [chart.file_name]}
        entries.setdefault(chart.name, []).append(entry)
    return yaml.safe_dump({"apiVersion": "v1", "generated": _CREATED, "entries": entries})


def _versions(chart_file: Path, others: list[dict[str, str]]) -> Iterator[dict[str, Any]]:
    own = yaml.safe_load(chart_file.read_text())
    yield own
    for other in others:
        yield {**own, **other}


def _package(folder: Path, metadata: dict[str, Any]) -> Package:
    chart_file = yaml.safe_dump(metadata, sort_keys=False).encode()
    buffer = io.BytesIO()
    with (
        gzip.GzipFile(fileobj=buffer, mode="wb", mtime=0) as zipped,
        tarfile.open(fileobj=zipped, mode="w", format=tarfile.USTAR_FORMAT) as archive,
    ):
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                content = chart_file if path == folder / "Chart.yaml" else path.read_bytes()
                entry = tarfile.TarInfo(f"{metadata['name']}/{path.relative_to(folder).as_posix()}")
                entry.size = len(content)
                entry.mode = 0o644
                archive.addfile(entry, io.BytesIO(content))
    return Package(metadata, buffer.getvalue())
