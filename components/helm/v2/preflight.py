"""``Helm2Check``: the commands of Helm v2 on this machine."""

from __future__ import annotations

from collections.abc import Iterator

from components.runtime.errors import ProviderError
from components.runtime.preflight import Check
from components.runtime.provider import Properties
from domain.credentials import Lookup
from domain.finding import Finding


class Helm2Check(Check):
    """Runs the commands to compare their versions.

    Inputs: ``helm``, and either ``tiller`` (a local one) or ``image``; see
    ``components.helm.v2.tiller.TillerArgs``.
    """

    def findings(self, wanted: Properties, before: Properties, config: Lookup) -> Iterator[Finding]:
        from components.helm.v2.cli import version_of  # noqa: PLC0415 - a preview without changes runs nothing

        del before, config
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
