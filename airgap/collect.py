"""Finds out what a stack needs from outside: from its settings, its charts and this environment's SDKs."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from airgap import engine, load, wheels
from airgap.inventory import Chart, Command, Inventory
from airgap.problem import AirgapError
from components.helm import chart_contents
from components.images.lookup import look_up
from components.runtime.downloads import Downloads
from components.runtime.errors import ProviderError, TransientError
from domain.finding import FindingError
from domain.images import Image, MirroredImage
from settings import PROJECT, Settings, SettingsError, stack_file
from settings.reading import parse_file
from steps.stack_images import images_of, stack_charts

RUN_TIME = "Rancher at run time"
"""Origin of images that Rancher installs itself."""
_LARGEST_LIST = 2**20


@dataclass(frozen=True)
class Found:
    """What was found.

    Attributes:
        inventory: All of it.
        charts: Packaged charts, those of directories left out.
    """

    inventory: Inventory
    charts: Mapping[Chart, bytes]


def read_settings(directory: Path, stack: str, changes: Mapping[str, str] | None = None) -> Settings:
    """The settings in a stack's file, with changes: config key to value.

    Raises:
        AirgapError: There is no such file, or it is invalid.
    """
    path = directory / f"Pulumi.{stack}.yaml"
    if not path.exists():
        raise AirgapError(f"{path} does not exist. Give the name of a stack with --stack")
    try:
        file = stack_file.read(path)
        changed = {f"{PROJECT}:{key}": stack_file.Value(text) for key, text in (changes or {}).items()}
        return parse_file(replace(file, values={**file.values, **changed}))
    except SettingsError as error:
        if error.usable:  # certificate files, which need not be on this machine
            return error.usable
        raise AirgapError(f"{path}: {error}") from None


def collect(
    directory: Path,
    stack: str,
    *,
    commit: str,
    environment: Mapping[str, str],
    run_time: Path | None,
    changes: Mapping[str, str] | None = None,
    helm: str = "helm",
) -> Found:
    """What a stack needs.

    Args:
        directory: The checkout.
        stack: Name of the stack.
        commit: Its commit, for the inventory.
        environment: Environment variables: PATH and PULUMI_HOME.
        run_time: The release's own list of images, ``rancher-images.txt``; None: unknown.
        changes: Config keys whose value differs on this side: where the charts are.
        helm: Helm's CLI, which renders the charts.

    Raises:
        AirgapError: The stack's file or the list of images is invalid.
        ProviderError: A chart cannot be loaded or rendered.
    """
    settings = read_settings(directory, stack, changes)
    charts = dict(_charts(settings))
    registry = settings.images.registry
    images = pinned(
        [*images_of(settings, helm), *_run_time(settings, run_time)], settings.images.digests or {}
    )
    inventory = Inventory(
        stack=stack,
        commit=commit,
        python=wheels.interpreter(),
        registry=registry.address if registry else "",
        images=images,
        run_time=run_time is not None,
        charts=tuple(charts),
        engine=engine.version(environment.get("PATH")),
        plugins=[(plugin, plugin.checksum(environment)) for plugin in engine.plugins()],
        wheels=wheels.requirements((directory / "requirements.txt").read_text()),
        commands=tuple(_commands(settings, environment.get("PATH"))),
    )
    return Found(inventory, {chart: content for chart, content in charts.items() if content})


def _charts(settings: Settings) -> Iterator[tuple[Chart, bytes]]:
    for chart in (chart.chart for chart in stack_charts(settings)):
        folder = chart.is_local and Path(chart.chart).is_dir()
        content = b"" if folder else chart_contents.archive(chart)
        shown = replace(chart, password="")
        yield Chart(shown, hashlib.sha256(content).hexdigest() if content else ""), content


def _run_time(settings: Settings, file: Path | None) -> Iterator[MirroredImage]:
    registry = settings.images.registry
    for number, line in enumerate(_lines(file) if file else (), 1):
        if not line.strip():
            continue
        try:
            source = Image.parse(line.strip())
        except FindingError as error:
            raise AirgapError(f"{file}, line {number}: {error}") from None
        yield MirroredImage(registry.mirrored(source) if registry else source, source, RUN_TIME)


def _lines(file: Path) -> list[str]:
    with file.open("rb") as opened:
        content = opened.read(_LARGEST_LIST + 1)
    if len(content) > _LARGEST_LIST:
        raise AirgapError(f"{file} has more than 1 MB, so it is not a list of images")
    return content.decode("utf-8", "replace").splitlines()


def pinned(images: Sequence[MirroredImage], digests: Mapping[str, str]) -> tuple[MirroredImage, ...]:
    """Each image once, in order, with its digest from the lock file: path in its registry to digest."""
    found: dict[Image, MirroredImage] = {}
    for image in images:
        digest = image.source.digest or digests.get(image.source.path, "")
        source = replace(image.source, digest=digest)
        found.setdefault(source, replace(image, source=source))
    return tuple(sorted(found.values(), key=lambda image: image.source))


def with_digests(inventory: Inventory) -> Inventory:
    """The inventory with the digest of each image, as its own registry has it now.

    Raises:
        AirgapError: A registry lacks images, or gives no answer that can be used.
    """
    missing, found = [], []
    with Downloads("", ()) as downloads:
        for image in inventory.images:
            try:
                answer = look_up(image.source, downloads, "")
            except (ProviderError, TransientError) as error:
                raise AirgapError(f"{image.source}: {error}") from None
            if not answer.digest or image.source.digest not in ("", answer.digest):
                missing.append(f"{image.source} {answer.problem or 'does not exist'}")
            found.append(replace(image, source=replace(image.source, digest=answer.digest)))
    if missing:
        raise AirgapError(
            f"images cannot be copied: {'; '.join(missing)}. Correct the versions or the lock file"
        )
    return replace(inventory, images=found)


def _commands(settings: Settings, path: str | None) -> Iterator[Command]:
    def command(name: str, purpose: str) -> Command:
        found = shutil.which(name, path=path)
        return Command(Path(name).name, purpose, load.sha256(Path(found)) if found else "")

    for name in engine.commands(path) or ("pulumi",):
        yield command(name, f"Pulumi, at best {engine.sdk_version()} as the SDK")
    yield command(settings.cluster.pks_cli, "the PKS API")
    if settings.placement.vm_source == "bosh":
        yield command("bosh", "VMs of the cluster")
    if settings.helm.helm_engine == "v2":
        yield command(settings.helm.helm2_cli, "releases of Helm v2")
        if settings.helm.tiller_mode == "local":
            yield command(settings.helm.tiller_cli, "Tiller on this machine")
    yield command("helm", "pushing charts to an OCI registry")
    yield command("skopeo", "copying images to the registry; or crane")
