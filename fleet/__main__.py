"""The edge clusters of one Rancher server: sites file -> resources -> outputs (docs/fleet.md)."""

from __future__ import annotations

import asyncio

import pulumi

from fleet import configuration
from fleet import session as access
from fleet.component import Fleet, FleetArgs
from rancher_on_pks.outputs import RancherStack


async def main() -> pulumi.Inputs:
    """Declare the fleet; returns the stack's outputs."""
    configured = configuration.load()

    # All that is known of the server: the outputs of its stack
    reference = pulumi.StackReference("server", stack_name=configured.server_stack)
    server = RancherStack.from_reference(reference, access.REQUIRED)

    fleet = Fleet(
        "fleet",
        FleetArgs(
            server=server,
            inventory=configured.inventory,
            timeout_minutes=configured.timeout_minutes,
            owner=configured.owner,
        ),
    )
    # Once their registration has begun the SDK awaits resources one by one; until then, all their outputs
    # together and anew after each, in time that grows with the square of the sites.
    await asyncio.sleep(0)
    return {
        "clusters": fleet.clusters,
        "importCommands": fleet.commands,
        "userPasswords": fleet.passwords,
        "leakedNamespaces": fleet.leaked,
    }


pulumi.run(main)
