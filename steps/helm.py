"""Helm engines: the settings choose one by name."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence

import pulumi

from components.helm.engine import HelmEngine
from components.helm.v2.migration import Helm2Migration
from components.helm.v3 import Helm3
from domain.helm_v2 import IMAGE, NAMESPACE
from domain.images import Image
from settings import Settings
from steps.pull_secret import pull_secret


class HelmChoice(ABC):
    """A version of Helm.

    Attributes:
        api_versions: Values of a chart's ``apiVersion`` that it supports.
    """

    api_versions: tuple[str, ...] = ("v1", "v2")

    def preflight(self, settings: Settings) -> dict[str, str] | None:
        """Inputs of the check of this machine's commands; None if it needs none."""
        del settings
        return None

    @abstractmethod
    def engine(
        self, settings: Settings, kubeconfig: pulumi.Input[str], opts: pulumi.ResourceOptions
    ) -> HelmEngine:
        """The engine for a cluster; ``opts`` are those of resources in it."""


class _Helm3(HelmChoice):
    def engine(
        self, settings: Settings, kubeconfig: pulumi.Input[str], opts: pulumi.ResourceOptions
    ) -> HelmEngine:
        del settings, opts
        return Helm3(kubeconfig, predecessors=(Helm2Migration(),))


class _Helm2(HelmChoice):
    """Imports its modules late: ``pulumi_command`` costs 0.4 s."""

    api_versions = ("v1",)

    def preflight(self, settings: Settings) -> dict[str, str]:
        given = settings.helm
        local = given.tiller_mode == "local"
        tiller = {"tiller": given.tiller_cli} if local else {"image": tiller_image(settings)}
        return {"helm": given.helm2_cli, **tiller}

    def engine(
        self, settings: Settings, kubeconfig: pulumi.Input[str], opts: pulumi.ResourceOptions
    ) -> HelmEngine:
        from components.helm.v2.engine import Helm2  # noqa: PLC0415
        from components.helm.v2.tiller import Tiller, TillerArgs  # noqa: PLC0415

        args = TillerArgs(
            kubeconfig=kubeconfig,
            mode=settings.helm.tiller_mode,
            helm=settings.helm.helm2_cli,
            tiller=settings.helm.tiller_cli,
            image=tiller_image(settings),
            pull_secrets=_tiller_secrets(settings, opts),
        )
        return Helm2(Tiller("tiller", args, opts))


_CHOICES: dict[str, HelmChoice] = {"v3": _Helm3(), "v2": _Helm2()}


def tiller_image(settings: Settings) -> str:
    """Image of Tiller in the cluster; empty: the default of Helm's CLI, also when there is no Tiller."""
    registry, given = settings.images.registry, settings.helm
    if given.tiller_image or registry is None or not given.tiller_in_cluster:
        return given.tiller_image
    return str(registry.mirrored(Image.parse(IMAGE)))


def _tiller_secrets(
    settings: Settings, opts: pulumi.ResourceOptions
) -> Sequence[Mapping[str, pulumi.Input[str]]]:
    registry = settings.images.registry
    if registry is None or not settings.helm.tiller_in_cluster:
        return ()
    made = pull_secret(settings, "tiller-pull-secret", NAMESPACE, opts)
    return [{"name": made.metadata["name"]}] if made else registry.pull_secrets()


def helm_choice(settings: Settings) -> HelmChoice:
    """The version of Helm that the settings choose."""
    return _CHOICES[settings.helm.helm_engine]
