"""Compares the images that the stack runs with what the image registry has."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

from components.helm.chart import CREDENTIALS as CHART_CREDENTIALS
from components.helm.chart_contents import ChartContentsError, read
from components.helm.chart_errors import ChartError, ChartUnreachableError
from components.images.credentials import CREDENTIALS
from components.images.lookup import DeniedError, Found, look_up
from components.runtime.downloads import Downloads
from components.runtime.provider import Properties
from domain.chart_images import ingress_images, rancher_images
from domain.chart_urls import basic
from domain.chart_values import merge
from domain.charts import ChartReference
from domain.credentials import Lookup
from domain.finding import Finding, FindingError
from domain.images import Image, ImageRegistry, MirroredImage, copy_commands
from domain.rancher_releases import release

_SIDE_BY_SIDE = 4
_CHART = ("chart", "repository", "version", "ca_file", "username")


def findings(wanted: Properties, config: Lookup) -> Iterator[Finding]:
    """What is wrong with the images of the charts, and with further ones; see ``ImageCheck``."""
    images: dict[MirroredImage, None] = {}
    for chart in wanted["charts"]:
        try:
            images |= dict.fromkeys(_chart_images(chart, config))
        except ChartContentsError as error:
            yield Finding("registry", f"the images of the stack are unknown: {error}")
        except (ChartError, ChartUnreachableError):
            continue  # the chart's own check reports it
        except FindingError as error:
            yield error.finding
    images |= dict.fromkeys(map(_further, wanted["further"]))
    registry = ImageRegistry(wanted["registry"])
    here = [image for image in images if registry.holds(image.target)]
    for image in images.keys() - set(here):
        yield Finding(
            "registry",
            f"{image.target} of {image.origin} comes from another registry, as its values say",
            "Remove the value, unless the nodes can pull it",
            severity="warning",
        )
    yield from _judged(registry, here, _ask(wanted, here, config), wanted.get("digests"))


def _ask(
    wanted: Properties, images: Sequence[MirroredImage], config: Lookup
) -> Iterator[Found | DeniedError]:
    """The registry's answers, in order. The first image is asked for alone: an error may be about all."""
    password = CREDENTIALS.read(config, os.environ)["password"]
    login = basic((wanted["username"], password) if wanted["username"] else None)
    with Downloads(wanted["ca_file"], (password,)) as downloads:

        def ask(image: MirroredImage) -> Found | DeniedError:
            try:
                return look_up(image.target, downloads, login)
            except DeniedError as error:
                return error

        yield from map(ask, images[:1])
        with ThreadPoolExecutor(_SIDE_BY_SIDE) as pool:
            yield from pool.map(ask, images[1:])


def _judged(
    registry: ImageRegistry,
    images: Sequence[MirroredImage],
    answers: Iterable[Found | DeniedError],
    digests: Mapping[str, str] | None,
) -> Iterator[Finding]:
    missing, unusable, moved, denied = [], [], [], []
    for image, answer in zip(images, answers, strict=True):
        path = registry.path(image.target)
        if isinstance(answer, DeniedError):
            denied.append((path, answer))
        elif not answer.digest:
            missing.append(image)
        elif answer.problem:
            unusable.append((image, f"{path} {answer.problem}"))
        elif digests is not None and image.target.tag:
            name = registry.path(Image(image.target.registry, image.target.repository, image.target.tag))
            if digests.get(name) != answer.digest:
                locked = digests.get(name) or "no digest"
                moved.append(f"{name} has {answer.digest}, but the lock file has {locked}")
    if denied:
        names = ", ".join(path for path, _ in denied)
        yield Finding(
            "username",
            f"access to {names} is denied: {denied[0][1]}",
            "Correct user name and password, give the user permission to pull, or create the project",
        )
    if missing:
        names = ", ".join(registry.path(image.target) for image in missing)
        yield _copied(f"lacks {len(missing)} of {len(images)} images: {names}", missing, registry)
    if unusable:
        text = "; ".join(problem for _, problem in unusable)
        yield _copied(
            f"has images that the nodes cannot run: {text}", [item for item, _ in unusable], registry
        )
    if moved:
        yield Finding(
            "digests",
            "; ".join(moved),
            "Find out who moved the tag; correct the lock file only if the new image is meant",
        )


def _copied(problem: str, images: Sequence[MirroredImage], registry: ImageRegistry) -> Finding:
    commands = "".join(f"\n      {command}" for command in copy_commands(images))
    return Finding("registry", problem, f"Copy them with all platforms:{commands}", registry.address)


def _chart_images(chart: Properties, config: Lookup) -> Iterator[MirroredImage]:
    password = CHART_CREDENTIALS.read(config, os.environ)["password"]
    contents = read(ChartReference(**{name: chart[name] for name in _CHART}, password=password))

    def images(values: Mapping[str, object]) -> list[Image]:
        whole = merge(contents.values, values)
        if chart["kind"] == "ingress":
            return ingress_images(whole)
        return rancher_images(whole, release(chart["version"]), contents.app_version)

    pairs = zip(images(chart["values"]), images(chart["plain_values"]), strict=True)
    for target, source in pairs:
        yield MirroredImage(target, source, f"chart {contents.metadata.get('name')}")


def _further(item: Mapping[str, str]) -> MirroredImage:
    return MirroredImage(Image.parse(item["target"]), Image.parse(item["source"]), item["origin"])
