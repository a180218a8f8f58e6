"""Source ``bosh``: the BOSH Director knows the names of the VMs."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import pulumi

from components.placement.bosh_cli import missing_cli
from components.placement.sources.base import Names, VmSource
from components.placement.vm_cids import VmCids
from components.runtime.provider import Properties
from domain.finding import Finding
from domain.placement import ROLES, Placement
from domain.vsphere import Machine


class BoshSource(VmSource):
    """Reads the CIDs with the ``bosh`` CLI; on vSphere a VM's CID is its name."""

    def findings(self, wanted: Properties) -> Iterator[Finding]:
        if not shutil.which(wanted["bosh_cli"]):
            yield Finding("bosh_cli", missing_cli(wanted["bosh_cli"]))

    def names(
        self,
        resource_name: str,
        placement: Placement,
        deployment: pulumi.Output[str],
        triggers: Sequence[pulumi.Input[Any]],
        opts: pulumi.ResourceOptions,
    ) -> Names:
        cids = VmCids(
            f"{resource_name}-cids",
            deployment=deployment,
            executable=placement.bosh_cli,
            triggers=triggers,
            opts=opts,
        )
        return {role: getattr(cids, plural) for role, plural in ROLES.items()}

    def select(self, machines: Iterable[Machine], wanted: Properties) -> list[Machine]:
        names = set(wanted["names"])
        return [machine for machine in machines if machine.name in names]

    def missing(self, found: Sequence[Machine], wanted: Properties, where: str) -> str:
        role, deployment = wanted["role"], wanted["deployment"]
        absent = sorted(set(wanted["names"]) - {machine.name for machine in found})
        if not absent:
            return ""
        return (
            f"{', '.join(absent)}: BOSH has {role} VMs with these names in {deployment}, but {where} does "
            "not show them. Check that this is the right vCenter and that its user may see them. If they "
            f"were deleted in vCenter, let BOSH recreate them (`bosh -d {deployment} cloud-check`), then "
            "run `pulumi refresh` and `pulumi up`"
        )
