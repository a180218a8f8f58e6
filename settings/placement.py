"""Placement of the cluster's VMs: DRS rules in vCenter."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from pydantic import SecretStr

from domain.finding import Finding
from domain.placement import Mode, Placement
from settings.types import Line, Name, Section


class PlacementSettings(Section):
    """Whether and how masters and workers are kept on different ESXi hosts."""

    anti_affinity: Literal["off"] | Mode = "off"
    vm_source: Literal["bosh", "attributes"] = "bosh"
    bosh_cli: Name = "bosh"
    bosh_environment: Name = ""
    bosh_client: Name = ""
    bosh_client_secret: SecretStr | None = None
    bosh_ca_certificate_file: Line = ""
    vsphere_server: Name = ""
    vsphere_user: Name = ""
    vsphere_password: SecretStr | None = None
    vsphere_datacenter: Line = ""
    vsphere_compute_clusters: list[Line] = []

    def placement_for(self, masters: int, workers: int) -> Placement | None:
        """Parameters of the rules; None with antiAffinity ``off``."""
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

    def findings(self) -> Iterator[Finding]:
        """What is wrong between these keys."""
        clusters = self.vsphere_compute_clusters
        if len(set(clusters)) < len(clusters) or not all(clusters):
            yield Finding(
                "vsphereComputeClusters",
                "must name each vSphere cluster once, without an empty name",
                value=", ".join(clusters),
            )
        if self.vsphere_server.startswith(("http:", "https:")) or "/" in self.vsphere_server:
            yield Finding(
                "vsphereServer",
                "must be a host name or host:port, without scheme or path",
                value=self.vsphere_server,
            )
