"""``Fleet``: the sites of an inventory, imported into one Rancher."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import pulumi

from capacity.model import figures
from capacity.model.plan import CapacityError
from components.capacity.pod_network import PodNetwork
from fleet.access import RancherAccess
from fleet.agent_connections import AgentConnections
from fleet.inventory import Inventory
from fleet.rancher_connection import RancherConnection
from fleet.site import Site
from fleet.user import User
from rancher_on_pks.outputs import RancherStack


@dataclass(frozen=True, kw_only=True)
class FleetArgs:
    """Arguments of a ``Fleet``.

    Attributes:
        server: Outputs of the server's stack.
        inventory: Sites and users.
        timeout_minutes: Longest time until all agents are connected.
        owner: The stack, written into an annotation of its clusters in Rancher.
    """

    server: RancherStack
    inventory: Inventory
    timeout_minutes: int
    owner: str


class Fleet(pulumi.ComponentResource):
    """The sites in Rancher (type ``rancher-on-pks:fleet:Fleet``).

    Produces a PodNetwork (the server's figures with this fleet in them, for the policies), a
    RancherConnection, a User and a Site each, and AgentConnections.

    Attributes:
        clusters: Id in Rancher by site.
        commands: Command to run on each cluster that this program does not reach. Secret.
        passwords: First password by user. Secret.
        leaked: Namespaces of removed sites that remain on the server's cluster.
    """

    clusters: pulumi.Output[Mapping[str, str]]
    commands: pulumi.Output[Mapping[str, str]]
    passwords: pulumi.Output[Mapping[str, str]]
    leaked: pulumi.Output[list[str]]

    def __init__(self, name: str, args: FleetArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        """Declare the resources."""
        super().__init__("rancher-on-pks:fleet:Fleet", name, None, opts)
        self._access = RancherAccess.from_outputs(args.server)
        self._brake = args.server.sprawl_brake.apply(lambda state: state or {})
        capacity = PodNetwork(
            f"{name}-capacity",
            figures=args.server.pod_network.apply(
                lambda document: with_fleet(document or {}, args.inventory)
            ),
            source="server",
            measured_at="",
            opts=self._after(),
        )
        rancher = RancherConnection(f"{name}-rancher", access=self._access, opts=self._after(capacity))
        users = self._users(args, rancher)
        sites = self._sites(args, rancher, *users.values())
        agents = self._agents(name, args, sites, rancher, *users.values())
        self.clusters = _all({site: made.cluster_id for site, made in sites.items()})
        self.leaked = agents.leaked
        commands = _all({site: made.command for site, made in sites.items()})
        self.commands = pulumi.Output.secret(commands.apply(_without_empty))
        passwords = {user: made.password for user, made in users.items()}
        self.passwords = pulumi.Output.secret(_all(passwords))
        self.register_outputs({"leaked": self.leaked})

    def _after(self, *resources: pulumi.Resource) -> pulumi.ResourceOptions:
        return pulumi.ResourceOptions(parent=self, depends_on=list(resources))

    def _users(self, args: FleetArgs, *after: pulumi.Resource) -> dict[str, User]:
        return {
            user.name: User(
                user.name,
                name=user.name,
                display_name=user.display_name,
                owner=args.owner,
                access=self._access,
                opts=self._after(*after),
            )
            for user in args.inventory.users.values()
        }

    def _sites(self, args: FleetArgs, *after: pulumi.Resource) -> dict[str, Site]:
        return {
            entry.name: Site(
                entry.name,
                entry=entry,
                cluster=args.inventory.access.get(entry.name),
                owner=args.owner,
                brake=self._brake,
                access=self._access,
                opts=self._after(*after),
            )
            for entry in args.inventory.sites.values()
        }

    def _agents(
        self, name: str, args: FleetArgs, sites: Mapping[str, Site], *after: pulumi.Resource
    ) -> AgentConnections:
        ids = _all({site: made.cluster_id for site, made in sites.items()})
        problems = _all({site: made.problem for site, made in sites.items()})

        def imported(reached: bool) -> pulumi.Output[Any]:
            return pulumi.Output.all(ids, problems).apply(
                lambda both: {
                    site: cluster
                    for site, cluster in both[0].items()
                    if (site in args.inventory.access) == reached and not both[1][site]
                }
            )

        return AgentConnections(
            f"{name}-agents",
            awaited=imported(True),
            registered=imported(False),
            problems=problems.apply(_without_empty),
            timeout_minutes=args.timeout_minutes,
            access=self._access,
            opts=self._after(*after),
        )


def _without_empty(texts: Mapping[str, str]) -> Mapping[str, str]:
    return {name: text for name, text in texts.items() if text}


def _all(outputs: Mapping[str, pulumi.Output[str]]) -> pulumi.Output[Mapping[str, str]]:
    """One output of many by name; ``Output.all`` of none is a list."""
    return pulumi.Output.all(**outputs) if outputs else pulumi.Output.from_input({})


def with_fleet(document: Mapping[str, Any], inventory: Inventory) -> Mapping[str, Any]:
    """Figures of the server's pod network, with at least the subnets that this fleet takes.

    Args:
        document: The server's output ``podNetwork``.
        inventory: The fleet. Each cluster counts as connected, each user as one who saves a preference.

    Raises:
        RunError: The figures are invalid.
    """
    try:
        plan = figures.from_document(document["figures"])
    except (CapacityError, KeyError, TypeError) as error:
        raise pulumi.RunError(f"the server's output podNetwork cannot be used: {error}") from None
    first = next((demand for demand in plan.demands if demand.rancher_version), None)
    if first is None:
        raise pulumi.RunError(
            "the server's output podNetwork cannot be used: it has no cluster with a Rancher"
        )
    grown = replace(
        first,
        imported_clusters=max(first.imported_clusters, len(inventory.sites)),
        connected=True,
        projects=max(first.projects, inventory.projects),
        users=max(first.users, 1 + len(inventory.users)),
    )
    demands = tuple(grown if demand is first else demand for demand in plan.demands)
    return figures.to_document(replace(plan, demands=demands))
