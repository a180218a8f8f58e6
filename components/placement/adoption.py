"""Rules that vCenter has already: of a stack whose state was lost, or made by Optimize-VMwarePKS.

The vSphere plugin refuses a second rule of a name. One that holds no other VMs than this cluster's is removed
right before it is made anew.
"""

from __future__ import annotations

import asyncio
import os

import pulumi

from components.placement.credentials import VSPHERE, vcenter


def hooks(
    datacenter: str, server: str | None, user: str | None, password: pulumi.Input[str] | None
) -> pulumi.ResourceHookBinding | None:
    """Hooks for a rule; None at preview, when none would run.

    Args:
        datacenter: vSphere datacenter to look in; empty: all.
        server: vCenter; None: the environment tells it, as user and password.
        user: User of vCenter.
        password: Secret.
    """
    if pulumi.runtime.is_dry_run():
        return None
    secret = pulumi.Output.secret(password)

    async def before_create(args: pulumi.ResourceHookArgs) -> None:
        given = dict(zip(VSPHERE, (server, user, await secret.future()), strict=True))
        rule = args.new_inputs or {}

        def remove() -> bool:
            from components.placement.vcenter import session  # noqa: PLC0415 - only a new rule needs it

            with session(vcenter(given.get, os.environ), datacenter) as found:
                return found.remove_rule(rule["computeClusterId"], rule["name"], rule["virtualMachineIds"])

        if await asyncio.to_thread(remove):
            pulumi.log.info(f"rule {rule['name']!r} was there already, for VMs of this cluster: taken over")

    return pulumi.ResourceHookBinding(before_create=[before_create])
