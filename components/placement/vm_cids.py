"""``VmCids``: the VMs that BOSH has for the masters and workers of a cluster."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pulumi
from pulumi.dynamic import Resource

from components.placement.bosh_cli import UnknownDeploymentError
from components.placement.provider import PlacementProvider
from components.runtime.errors import ProviderError, log
from components.runtime.provider import Properties
from domain.placement import ROLES, by_role, without_rule


class VmCidsProvider(PlacementProvider):
    """Reads from BOSH at creation, when a trigger has changed, and at a refresh."""

    replaces = ("deployment",)
    updates = ("triggers",)

    def apply(self, wanted: Properties, before: Properties) -> Properties:
        del before
        groups = self.bosh(wanted["executable"]).vms(wanted["deployment"])
        for finding in without_rule({group: len(cids) for group, cids in groups.items()}):
            log.warning("warning: %s", finding)
        found = by_role(groups)
        if missing := [plural for plural, cids in found.items() if not cids]:
            raise ProviderError(
                f"BOSH has no VMs of the {' and '.join(missing)} in deployment {wanted['deployment']}; its "
                f"instance groups are {', '.join(sorted(groups)) or 'empty'}. Check it with "
                f"`{wanted['executable']} -d {wanted['deployment']} vms`"
            )
        return found

    def identity(self, properties: Properties) -> str:
        return str(properties["deployment"])

    def observe(self, id_: str, known: Properties) -> Properties | None:
        del id_
        try:
            return self.apply(known, known)
        except UnknownDeploymentError:
            return None


class VmCids(Resource, module="placement", name="VmCids"):
    """CIDs of a cluster's VMs, type ``pulumi-python:dynamic/placement:VmCids``.

    On vSphere a CID (``vm-<guid>``) is the VM's name. A VM that BOSH recreates gets another one.
    """

    masters: pulumi.Output[list[str]]
    workers: pulumi.Output[list[str]]

    def __init__(
        self,
        resource_name: str,
        *,
        deployment: pulumi.Input[str],
        executable: str,
        triggers: Sequence[pulumi.Input[Any]] = (),
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Declare the resource.

        Args:
            resource_name: Name in the stack.
            deployment: BOSH deployment, ``service-instance_<uuid>``.
            executable: The ``bosh`` CLI.
            triggers: Values whose change makes it read again, such as the number of workers.
            opts: Options.
        """
        props = {
            "deployment": deployment,
            "executable": executable,
            "triggers": list(triggers),
            **dict.fromkeys(ROLES.values()),
        }
        super().__init__(VmCidsProvider(), resource_name, props, opts)
