"""The edge clusters of one Rancher server: sites file -> resources -> outputs (docs/fleet.md)."""

from __future__ import annotations

import pulumi

from fleet import access, configuration
from fleet.component import Fleet, FleetArgs
from outputs import RancherStack

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

pulumi.export("clusters", fleet.clusters)
pulumi.export("importCommands", fleet.commands)
pulumi.export("userPasswords", fleet.passwords)
pulumi.export("leakedNamespaces", fleet.leaked)
