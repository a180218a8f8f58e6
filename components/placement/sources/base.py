"""``VmSource``: the interface of a source."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import pulumi

from components.runtime.provider import Properties
from domain.finding import Finding
from domain.placement import Placement
from domain.vsphere import Machine

Names = Mapping[str, pulumi.Output[list[str]]]
"""Role -> names of its VMs."""


class VmSource(ABC):
    """Where the names of a cluster's VMs come from. Has no state."""

    def findings(self, wanted: Properties) -> Iterator[Finding]:
        """What this source needs and does not have; ``wanted`` are the inputs of ``PlacementCheck``."""
        del wanted
        yield from ()

    def names(
        self,
        resource_name: str,
        placement: Placement,
        deployment: pulumi.Output[str],
        triggers: Sequence[pulumi.Input[Any]],
        opts: pulumi.ResourceOptions,
    ) -> Names:
        """Declare what reads the names; empty if this source finds the VMs in vCenter alone.

        Args:
            resource_name: Prefix of the names of resources.
            placement: What the rules must hold.
            deployment: BOSH deployment of the VMs.
            triggers: Values whose change makes the resource read again.
            opts: Options of the resource.
        """
        del resource_name, placement, deployment, triggers, opts
        return {}

    @abstractmethod
    def select(self, machines: Iterable[Machine], wanted: Properties) -> list[Machine]:
        """The VMs of a role; ``wanted`` are the inputs of ``VirtualMachines``."""

    @abstractmethod
    def missing(self, found: Sequence[Machine], wanted: Properties, where: str) -> str:
        """Error for VMs that vCenter should have and does not show; empty if it shows all.

        Args:
            found: The selected VMs.
            wanted: The inputs of ``VirtualMachines``.
            where: vCenter, and its datacenter if only one is searched.
        """
