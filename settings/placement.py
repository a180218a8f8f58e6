"""Placement of the cluster's VMs: DRS rules in vCenter."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from pydantic import SecretStr

from domain.placement import Mode, Placement
from settings.problem import Problem
from settings.types import Section


class PlacementSettings(Section):
    """Whether and how masters and workers are kept on different ESXi hosts."""

    anti_affinity: Literal["off"] | Mode = "off"
    vm_source: Literal["bosh", "attributes"] = "bosh"
    bosh_cli: str = "bosh"
    bosh_environment: str = ""
    bosh_client: str = ""
    bosh_client_secret: SecretStr | None = None
    bosh_ca_certificate_file: str = ""
    vsphere_server: str = ""
    vsphere_user: str = ""
    vsphere_password: SecretStr | None = None
    vsphere_datacenter: str = ""
    vsphere_compute_clusters: list[str] = []

    def placement_for(self, masters: int, workers: int) -> Placement | None:
        """What the rules are to hold; None when there are to be none."""
        if self.anti_affinity == "off":
            return None
        return Placement(
            mode=self.anti_affinity,
            source=self.vm_source,
            masters=masters,
            workers=workers,
            compute_clusters=tuple(self.vsphere_compute_clusters),
            datacenter=self.vsphere_datacenter,
            bosh_cli=self.bosh_cli,
        )

    def placement_problems(self) -> Iterator[Problem]:
        """What is wrong between keys."""
        clusters = self.vsphere_compute_clusters
        if len(set(clusters)) < len(clusters) or not all(clusters):
            yield Problem(
                "vsphereComputeClusters",
                "must name each vSphere cluster once, none empty",
                ", ".join(clusters),
            )
        if self.vsphere_server.startswith(("http:", "https:")) or "/" in self.vsphere_server:
            yield Problem(
                "vsphereServer",
                "must be a host name or host:port, without scheme or path",
                self.vsphere_server,
            )
