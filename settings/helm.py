"""Settings of the Helm that installs the charts."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import Field

from domain.finding import Finding
from domain.urls import public_url
from settings.types import Name, Section

Command = Annotated[Name, Field(min_length=1)]


class HelmSettings(Section):
    """Helm 3, or Helm v2 with its Tiller."""

    helm_engine: Literal["v3", "v2"] = "v3"
    tiller_mode: Literal["cluster", "local"] = "cluster"
    helm2_cli: Command = "helm2"
    tiller_cli: Command = "tiller"
    tiller_image: Name = ""

    @property
    def tiller_in_cluster(self) -> bool:
        """Whether a pod in the cluster runs Tiller."""
        return self.helm_engine == "v2" and self.tiller_mode == "cluster"

    def findings(self, repositories: dict[str, str]) -> Iterator[Finding]:
        """What is wrong between these keys and the chart repositories (address by key)."""
        if self.helm_engine == "v3":
            return
        for key, address in repositories.items():
            if address.startswith("oci://"):
                yield Finding(
                    key,
                    "is an OCI registry, which Helm v2 cannot read",
                    "Give an https:// repository, or set helmEngine to v3",
                    public_url(address),
                    depends_on=("helmEngine",),
                )
        if self.tiller_image and self.tiller_mode == "local":
            yield Finding(
                "tillerImage",
                "is for a Tiller in the cluster, but tillerMode is local",
                "Run: pulumi config rm tillerImage",
                self.tiller_image,
                depends_on=("tillerMode",),
            )
