"""Makes a bundle: one archive with everything that an environment needs from outside."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from airgap import archive, copies, engine, formats, load, project, wheels
from airgap.collect import collect
from airgap.inventory import Inventory
from airgap.sbom import sbom

RUN_TIME = "rancher-images.txt"


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What goes into a bundle.

    Attributes:
        directory: The checkout.
        stack: Name of the stack.
        run_time: The release's own list of images; None: not carried.
        changes: Config keys whose value differs on this side: where the charts are.
        images: Whether the images themselves are carried.
        tools: Directory with commands to carry; None: none.
        lab: Directory that ``python -m lab.build --into`` has made, for ``make lab`` there; None: no lab.
        downloads: Directory that keeps wheels for the next bundle; None: they are not kept.
        helm: Helm's CLI.
    """

    directory: Path
    stack: str
    run_time: Path | None = None
    changes: Mapping[str, str] = field(default_factory=dict)
    images: bool = False
    tools: Path | None = None
    lab: Path | None = None
    downloads: Path | None = None
    helm: str = "helm"


def make(wanted: Wanted, output: Path | None = None) -> tuple[Path, str]:
    """Writes the bundle; returns it with its SHA-256.

    Args:
        wanted: What goes into it.
        output: The archive; by default named after stack and commit, in the current directory.

    Raises:
        AirgapError: Something is missing on this machine, or cannot be copied.
        ProviderError: A chart cannot be loaded or rendered.
    """
    commit = project.commit(wanted.directory)
    environment = _environment(wanted.tools)
    files = engine.carried(environment)
    if wanted.images:
        copies.tool()  # fails before anything is downloaded
    found = collect(
        wanted.directory,
        wanted.stack,
        commit=commit,
        environment=environment,
        run_time=wanted.run_time,
        changes=wanted.changes,
        helm=wanted.helm,
    )
    output = output or Path(f"rancher-on-pks-{wanted.stack}-{commit[:12]}.tar")
    with tempfile.TemporaryDirectory(dir=output.resolve().parent, prefix=".bundle-") as temporary:
        scratch = Path(temporary)
        exported = project.export(wanted.directory, commit, scratch)
        files |= {f"{load.PROJECT}/{name}": path for name, path in exported.items()}
        files |= _below(wanted.tools, "tools") | _below(wanted.lab, "lab")
        inventory, packages = _carried(found.inventory, wanted, scratch)
        files |= packages | _below(scratch / "images", "images")
        if wanted.run_time:
            files[RUN_TIME] = wanted.run_time
        charts = {f"charts/{chart.file}": content for chart, content in found.charts.items()}
        for name, content in {**_documents(inventory), **charts}.items():
            files[name] = scratch / "made" / name
            files[name].parent.mkdir(parents=True, exist_ok=True)
            files[name].write_bytes(content)
        return output, archive.write(output, files)


def _environment(tools: Path | None) -> dict[str, str]:
    """This machine's, with the commands that are carried first on PATH."""
    path = os.environ.get("PATH", "")
    return {**os.environ, "PATH": os.pathsep.join(filter(None, (str(tools or ""), path)))}


def _carried(inventory: Inventory, wanted: Wanted, scratch: Path) -> tuple[Inventory, dict[str, Path]]:
    """The inventory with the digests of what is really carried, and the wheels."""
    if wanted.images:
        images = [replace(image, source=copies.pull(image.source, scratch)) for image in inventory.images]
        inventory = replace(inventory, images=images)
    packages = wheels.download(wanted.directory / "requirements.txt", wanted.downloads or scratch / "wheels")
    chosen = [
        replace(package, hashes=tuple(load.sha256(path) for path in paths))
        for package, paths in packages.items()
    ]
    files = {f"wheels/{path.name}": path for paths in packages.values() for path in paths}
    return replace(inventory, wheels=chosen), files


def _documents(inventory: Inventory) -> dict[str, bytes]:
    """What people and other tools read in a bundle."""
    return {
        load.INVENTORY: formats.as_json(inventory).encode(),
        "inventory.txt": formats.text(inventory).encode(),
        "images.skopeo.yaml": formats.skopeo(inventory).encode(),
        "images.harbor.json": formats.harbor(inventory).encode(),
        "images.lock.json": formats.lock(inventory).encode(),
        "sbom.cdx.json": sbom(inventory).encode(),
    }


def _below(directory: Path | None, name: str) -> dict[str, Path]:
    """Name in the bundle to file, of all files below a directory; links are followed."""
    if directory is None:
        return {}
    found = (path for path in directory.rglob("*") if path.is_file())
    return {f"{name}/{path.relative_to(directory).as_posix()}": path for path in found}
