"""Source ``attributes``: the custom attributes that BOSH sets on its VMs in vCenter."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from components.placement.sources.base import VmSource
from components.runtime.errors import log
from components.runtime.provider import Properties
from domain.placement import role_of, without_rule
from domain.vsphere import Machine

_REPORTING_ROLE = "worker"


class AttributesSource(VmSource):
    """Selects VMs by the attributes ``deployment`` and ``job``; needs no ``bosh`` CLI."""

    def select(self, machines: Iterable[Machine], wanted: Properties) -> list[Machine]:
        deployment, role = wanted["deployment"], wanted["role"]
        of_cluster = [item for item in machines if item.attributes.get("deployment") == deployment]
        groups = Counter(_group(machine) for machine in of_cluster)
        if role == _REPORTING_ROLE:  # once, not for each role
            for finding in without_rule(groups):
                log.warning("warning: %s", finding)
        return [machine for machine in of_cluster if role_of(_group(machine)) == role]

    def missing(self, found: Sequence[Machine], wanted: Properties, where: str) -> str:
        if found:
            return ""
        role = wanted["role"]
        return (
            f"{where} shows no VM with the custom attributes deployment = {wanted['deployment']} and job = "
            f"{role}{' or worker-<pool>' if role == 'worker' else ''}. Check that this is the right vCenter "
            "and that its user may see the VMs, or use the VM source `bosh`"
        )


def _group(machine: Machine) -> str:
    return machine.attributes.get("job", "")
