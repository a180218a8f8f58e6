"""Rules that vCenter already has, from a stack whose state was lost or from Optimize-VMwarePKS.

The vSphere plugin refuses a second rule of the same name. A rule that holds no other VMs than this cluster's
is removed just before its replacement is created.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping
from typing import Any

import pulumi

from components.placement.credentials import VSPHERE


def replacement_hook(
    datacenter: str, login: Mapping[str, pulumi.Input[str] | None]
) -> pulumi.ResourceHookBinding | None:
    """Hook of a rule that removes an existing one; None at preview, when hooks do not run.

    Args:
        datacenter: vSphere datacenter to search; empty: all.
        login: Values for the fields of ``VSPHERE``; None: the environment has it.
    """
    if pulumi.runtime.is_dry_run():
        return None
    secret = pulumi.Output.secret(login)

    async def before_create(args: pulumi.ResourceHookArgs) -> None:
        given = await secret.future() or {}
        config: dict[str, Any] = {VSPHERE.key(field): value for field, value in given.items()}
        rule = args.new_inputs or {}

        def remove() -> bool:
            from components.placement.vcenter import session  # noqa: PLC0415 - only a new rule needs it

            with session(VSPHERE.read(config.get, os.environ), datacenter) as vcenter:
                return vcenter.remove_rule(rule["computeClusterId"], rule["name"], rule["virtualMachineIds"])

        if await asyncio.to_thread(remove):
            pulumi.log.info(f"rule {rule['name']!r} already existed for VMs of this cluster: replaced")

    return pulumi.ResourceHookBinding(before_create=[before_create])
