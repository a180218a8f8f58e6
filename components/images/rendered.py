"""The images of a chart, from what ``helm template`` renders."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from components.helm import chart_contents
from components.runtime.command import Command
from components.runtime.errors import ProviderError
from components.runtime.private_files import private_directory
from domain.charts import ChartReference
from domain.images import Image

_SECONDS = 120.0
_CONTAINERS = ("initContainers", "containers", "ephemeralContainers")
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True)
class Rendering:
    """A chart to render.

    Attributes:
        chart: The chart.
        release: Name of the release.
        namespace: Its namespace.
        kubernetes_version: ``major.minor``; empty: Helm's default.
    """

    chart: ChartReference
    release: str
    namespace: str
    kubernetes_version: str = ""


def rendered_images(wanted: Rendering, values: Mapping[str, Any], helm: str = "helm") -> list[Image]:
    """The images of all containers that the chart renders with these values, hooks among them, in order.

    Two renderings with values that differ in names of images alone have the same length.

    Args:
        wanted: The chart and its release.
        values: Values of the release.
        helm: Helm 3's CLI, a command or path.

    Raises:
        ProviderError: The chart cannot be loaded or rendered.
        FindingError: A container's image is not the name of one.
    """
    return [Image.parse(image) for document in _rendered(wanted, values, helm) for image in _images(document)]


def _rendered(wanted: Rendering, values: Mapping[str, Any], helm: str) -> list[Any]:
    """The documents. The password of a repository is no argument of Helm: the chart is downloaded first."""
    reference = wanted.chart
    with private_directory("chart") as directory:
        if reference.is_local:
            place = Path(reference.chart)
        else:
            place = directory / "chart.tgz"
            place.write_bytes(chart_contents.archive(reference))
        arguments = ["template", wanted.release, str(place), "--namespace", wanted.namespace, "--values", "-"]
        if wanted.kubernetes_version:
            arguments += ["--kube-version", wanted.kubernetes_version]
        homes = {name: str(directory) for name in ("HELM_CACHE_HOME", "HELM_CONFIG_HOME", "HELM_DATA_HOME")}
        outcome = Command(helm, homes, property="helm").run(
            *arguments, timeout=_SECONDS, stdin=json.dumps(values)
        )
    if outcome.exit_code:
        raise ProviderError(f"chart {reference.locator} cannot be rendered: {outcome.text}. Check its values")
    return list(yaml.load_all(outcome.output, Loader=_LOADER))


def _images(found: object) -> Iterator[str]:
    """The images in a document. Pods are at any depth: in a Deployment, in a List, in a CronJob."""
    if isinstance(found, Mapping):
        for name, value in found.items():
            if name in _CONTAINERS and isinstance(value, list):
                yield from (
                    str(item["image"]) for item in value if isinstance(item, Mapping) and "image" in item
                )
            else:
                yield from _images(value)
    elif isinstance(found, list):
        for item in found:
            yield from _images(item)
