"""The edge clusters of one Rancher server: sites file -> resources -> outputs (docs/fleet.md)."""

from __future__ import annotations

import asyncio

import pulumi

import console.program  # noqa: F401 - how each program begins
from fleet import access, configuration
from fleet.component import Fleet, FleetArgs
from fleet.share import FleetName
from rancher_on_pks import RancherStack
from settings import labels

KEYS: labels.Table = {("fleet:AgentConnections", ""): {"timeout_minutes": "timeoutMinutes"}}
"""Config keys for messages, see ``settings.keys``."""


async def main() -> pulumi.Inputs:
    """Declare the fleet; returns the stack's outputs."""
    configured = configuration.load()
    labels.register(KEYS)

    # The only source about the server: the outputs of its stack.
    reference = pulumi.StackReference("server", stack_name=configured.server_stack)
    server = RancherStack.from_reference(reference, access.REQUIRED)

    fleet = Fleet(
        "fleet",
        FleetArgs(
            server=server,
            inventory=configured.inventory,
            timeout_minutes=configured.timeout_minutes,
            owner=configured.owner,
            name=FleetName(stack=pulumi.get_stack(), server=configured.server_stack),
        ),
    )
    # The SDK waits for resources whose registration has begun one by one. Without this pause it would wait
    # for all their outputs again after each of them, in time that grows with the square of the sites.
    await asyncio.sleep(0)
    return {
        "clusters": fleet.clusters,
        "importCommands": fleet.commands,
        "userPasswords": fleet.passwords,
        "leakedNamespaces": fleet.leaked,
    }


pulumi.run(main)
