"""``Helm2Commands``: whether Helm v2 can be run on this machine, asked before the cluster is ordered."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

import pulumi
from pulumi.dynamic import Resource

from components.runtime.errors import ProviderError
from components.runtime.preflight import InspectionProvider, Problem
from components.runtime.provider import Properties


class Helm2CommandsProvider(InspectionProvider):
    """Runs the commands."""

    def problems(self, wanted: Properties, before: Properties) -> Iterator[Problem]:  # noqa: ARG002
        return _problems(wanted)


class Helm2Commands(Resource, module="helm", name="Helm2Commands"):
    """The commands of Helm v2, type ``pulumi-python:dynamic/helm:Helm2Commands``.

    The cluster depends on it: that one is missing is told before it is ordered, not when it is there.
    """

    def __init__(
        self,
        resource_name: str,
        *,
        mode: Literal["cluster", "local"],
        helm: str,
        tiller: str,
        image: str,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Declare it; see ``components.helm.v2.tiller.TillerArgs`` for the values."""
        commands = {"tiller": tiller} if mode == "local" else {"image": image}
        super().__init__(Helm2CommandsProvider(), resource_name, {"helm": helm, **commands}, opts)


def _problems(wanted: Properties) -> Iterator[Problem]:
    from components.helm.v2 import cli as helm2_cli  # noqa: PLC0415 - a preview without changes runs nothing

    versions = {}
    for what in ("helm", "tiller"):
        if what in wanted:
            try:
                versions[what] = helm2_cli.version_of(what, wanted[what])
            except ProviderError as error:
                yield what, str(error)
    # A tag that is no version, such as a digest, says nothing.
    tag = wanted.get("image", "").rpartition(":")[2]
    tiller = versions.get("tiller") or (tag if tag.startswith("v2.") else "")
    if "helm" in versions and tiller and tiller != versions["helm"]:
        other = "tillerCli" if "tiller" in versions else "tillerImage"
        yield (
            "helm",
            f"{wanted['helm']} is {versions['helm']} (config helm2Cli), Tiller is {tiller} (config {other}); "
            "they must be the same version",
        )
