"""The images that a stack runs, from its settings, and the charts that name them."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pulumi

from components.helm import local_chart
from components.helm.chart import CREDENTIALS
from components.ingress.component import RELEASE as INGRESS_RELEASE
from components.rancher.server import RELEASE as RANCHER_RELEASE
from components.runtime.errors import ProviderError
from domain import ingress_values, rancher_values
from domain.chart_images import INGRESS_PLACES, RANCHER_PLACES, relevant
from domain.charts import ChartReference
from domain.helm_v2 import IMAGE
from domain.images import Image, ImageRegistry, MirroredImage
from domain.rancher_releases import AGENT, release
from domain.type_tokens import CATTLE_SYSTEM
from settings import Settings, secret_text
from steps.helm import tiller_image

if TYPE_CHECKING:
    from components.images.rendered import Rendering

_KINDS = {"ingress": INGRESS_PLACES, "rancher": RANCHER_PLACES}
"""The charts of the stack in order, and where their values name images."""


@dataclass(frozen=True)
class StackChart:
    """A chart as the stack installs it.

    Attributes:
        chart: The chart, with the login of its repository.
        release: Name of the release.
        values: Its values, without the checksum of the CA, which no name of an image depends on.
        plain_values: The same without an image registry.
        kubernetes_version: ``major.minor``; empty: unknown.
    """

    chart: ChartReference
    release: str
    values: Mapping[str, Any]
    plain_values: Mapping[str, Any]
    kubernetes_version: str

    @property
    def rendering(self) -> Rendering:
        """How to render it."""
        from components.images.rendered import Rendering  # noqa: PLC0415 - a preview renders nothing

        return Rendering(self.chart, self.release, CATTLE_SYSTEM, self.kubernetes_version)


def stack_charts(settings: Settings) -> list[StackChart]:
    """The charts of the stack: the ingress controller's and Rancher's."""
    registry, ingress, rancher = settings.images.registry, settings.ingress, settings.rancher
    controller = _reference(
        settings, ingress.ingress_chart, ingress.ingress_chart_repository, ingress.ingress_chart_version
    )
    server = _reference(
        settings, rancher.rancher_chart, rancher.rancher_chart_repository, rancher.rancher_version
    )

    def chart(
        reference: ChartReference, name: str, values: Callable[[ImageRegistry | None], dict[str, Any]]
    ) -> StackChart:
        return StackChart(
            reference, name, values(registry), values(None), settings.cluster.kubernetes_version
        )

    return [
        chart(controller, INGRESS_RELEASE, lambda place: _ingress_values(settings, controller, place)),
        chart(server, RANCHER_RELEASE, lambda place: _rancher_values(settings, place)),
    ]


def images_of(settings: Settings, helm: str = "helm") -> list[MirroredImage]:
    """Every image that the stack runs, and where it can be copied from; without Rancher's system images.

    Renders the charts twice: with the stack's values, and without an image registry.

    Args:
        settings: The stack's settings.
        helm: Helm 3's CLI, a command or path.

    Raises:
        ProviderError: A chart cannot be loaded or rendered.
        FindingError: A container's image is not the name of one.
    """
    from components.images.rendered import rendered_images  # noqa: PLC0415 - a preview renders nothing

    found: dict[MirroredImage, None] = {}
    for chart in stack_charts(settings):
        targets = rendered_images(chart.rendering, chart.values, helm)
        sources = rendered_images(chart.rendering, chart.plain_values, helm)
        if len(targets) != len(sources):
            raise ProviderError(
                f"chart {chart.chart.locator} renders other containers with an image registry than without. "
                "Check its values"
            )
        pairs = zip(targets, sources, strict=True)
        found |= dict.fromkeys(MirroredImage(*pair, chart.release) for pair in pairs)
    return [*found, *further_images(settings)]


def further_images(settings: Settings) -> list[MirroredImage]:
    """Images that no chart names: the agent of imported clusters, and Tiller."""
    registry = settings.images.registry

    def mirrored(source: Image, origin: str) -> MirroredImage:
        return MirroredImage(registry.mirrored(source) if registry else source, source, origin)

    tag = settings.rancher.rancher_values.get("rancherImageTag") or f"v{settings.rancher.rancher_version}"
    agent = Image.parse(f"{AGENT}:{tag}")
    found = [mirrored(agent, "agents of imported clusters")]
    if settings.helm.tiller_in_cluster:
        source = Image.parse(settings.helm.tiller_image or IMAGE)
        target = Image.parse(tiller_image(settings) or IMAGE)
        found.append(MirroredImage(target, source, "Tiller"))
    return found


def preflight(settings: Settings) -> pulumi.Input[Mapping[str, Any]] | None:
    """Inputs of the check that the registry has the images; None without an image registry."""
    given = settings.images
    if given.registry is None:
        return None
    charts = [
        {
            "kind": kind,
            **{name: getattr(item.chart, name) for name in ("chart", "version", "ca_file", "username")},
            "repository": "" if item.chart.is_local else item.chart.repository,
            "values": relevant(item.values, places),
            "plain_values": relevant(item.plain_values, places),
        }
        for item, (kind, places) in zip(stack_charts(settings), _KINDS.items(), strict=True)
    ]
    inputs: dict[str, Any] = {
        "registry": given.image_registry,
        "ca_file": given.image_registry_ca_file or "",
        "username": given.image_pull_secret_username,
        "charts": charts,
        "further": [
            {"target": str(item.target), "source": str(item.source), "origin": item.origin}
            for item in further_images(settings)
        ],
        "digests": given.digests,
    }
    secret = any("?" in chart["repository"] for chart in charts)
    return pulumi.Output.secret(inputs) if secret else inputs


def _ingress_values(
    settings: Settings, chart: ChartReference, registry: ImageRegistry | None
) -> dict[str, Any]:
    given = settings.ingress
    return ingress_values.values(
        given.ingress_values,
        local_chart.name(chart) if registry else chart.chart,
        chart.version,
        registry,
        http_port=given.ingress_http_port,
        https_port=given.ingress_https_port,
    )


def _rancher_values(settings: Settings, registry: ImageRegistry | None) -> dict[str, Any]:
    given = settings.rancher
    return rancher_values.values(
        given.rancher_values,
        release(given.rancher_version),
        registry,
        hostname=given.rancher_hostname,
        replicas=given.rancher_replicas,
        private_ca=True,
    )


def _reference(settings: Settings, chart: str, repository: str, version: str) -> ChartReference:
    access = settings.ingress
    password = CREDENTIALS.read(lambda _key: None, os.environ)["password"]
    return ChartReference(
        chart,
        repository,
        version,
        ca_file=access.chart_repository_ca_file or "",
        username=access.chart_repository_username,
        password=password or secret_text(access.chart_repository_password) or "",
    )
