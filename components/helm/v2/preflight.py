"""``Helm2Commands``: checks the commands of Helm v2 on this machine before the cluster is ordered."""

from __future__ import annotations

from collections.abc import Iterator

import pulumi
from pulumi.dynamic import Resource

from components.helm.v2.task import TillerMode
from components.runtime.errors import ProviderError
from components.runtime.preflight import PreflightProvider
from components.runtime.provider import Properties
from domain.finding import Finding


class Helm2CommandsProvider(PreflightProvider):
    """Runs the commands to compare their versions."""

    def problems(self, wanted: Properties, before: Properties) -> Iterator[Finding]:
        from components.helm.v2.cli import version_of  # noqa: PLC0415 - a preview without changes runs nothing

        del before
        versions = {}
        for what in ("helm", "tiller"):
            if what in wanted:
                try:
                    versions[what] = version_of(what, wanted[what])
                except ProviderError as error:
                    yield Finding(what, str(error))
        # A tag that is not a version, such as a digest, is not checked.
        tag = wanted.get("image", "").rpartition(":")[2]
        tiller = versions.get("tiller") or (tag if tag.startswith("v2.") else "")
        if "helm" in versions and tiller and tiller != versions["helm"]:
            other = "tiller" if "tiller" in versions else "image"
            problem = f"{wanted['helm']} has version {versions['helm']}, but Tiller has {tiller}"
            yield Finding(f"helm,{other}", problem, "Use the same version of both")


class Helm2Commands(Resource, module="helm", name="Helm2Commands"):
    """The commands of Helm v2, type ``pulumi-python:dynamic/helm:Helm2Commands``.

    The cluster depends on it.
    """

    def __init__(
        self,
        resource_name: str,
        *,
        mode: TillerMode,
        helm: str,
        tiller: str,
        image: str,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Declare the resource; see ``components.helm.v2.tiller.TillerArgs`` for the arguments."""
        commands = {"tiller": tiller} if mode == "local" else {"image": image}
        super().__init__(Helm2CommandsProvider(), resource_name, {"helm": helm, **commands}, opts)
