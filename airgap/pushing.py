"""Pushes what a bundle carries into the registry that a stack's settings name."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

from airgap import copies, load
from airgap.collect import read_settings
from airgap.problem import AirgapError
from domain.images import Image
from steps.stack_images import stack_charts


def push(directory: Path, stack: str, report: Callable[[str], None]) -> None:
    """Pushes the images to ``imageRegistry``, and the charts to the OCI registries of the stack.

    Logins are those of ``skopeo``, ``crane`` and ``helm``.

    Args:
        directory: The project of a loaded bundle.
        stack: Name of the stack.
        report: Called with a line for each name that was pushed.

    Raises:
        AirgapError: The directory has no bundle, or a registry refuses something.
    """
    settings, carried = read_settings(directory, stack), directory / load.CARRIED
    if not (carried / load.INVENTORY).is_file():
        raise AirgapError(f"{carried} has no {load.INVENTORY}. Run it where `load` has put a bundle")
    given, registry = settings.images, settings.images.registry
    if not (carried / "images").is_dir():
        report("no images: the bundle was made without --images")
    elif registry:
        inventory = json.loads((carried / load.INVENTORY).read_text())
        for image in (Image.parse(entry["source"]) for entry in inventory["images"]):
            target = registry.mirrored(image)
            report(str(copies.push(image, target, carried, given.image_registry_ca_file)))
    for chart in (chart.chart for chart in stack_charts(settings)):
        if chart.is_oci:
            file = carried / "charts" / f"{chart.chart}-{chart.version}.tgz"
            _push_chart(file, chart.repository, chart.ca_file)
            report(f"{chart.locator}:{chart.version}")


def _push_chart(file: Path, repository: str, ca_file: str) -> None:
    if not file.is_file():
        raise AirgapError(f"{file} is not in this bundle. Make the bundle with the stack's versions")
    if shutil.which("helm") is None:
        raise AirgapError("helm is not on PATH, which pushes charts. Install Helm 3.8 or newer")
    trust = ["--ca-file", ca_file] if ca_file else []
    command = ["helm", "push", str(file), repository, *trust]
    done = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)
    if done.returncode:
        reason = done.stderr.strip()
        raise AirgapError(f"{file.name} cannot be pushed: {reason}. If access is denied: helm registry login")
