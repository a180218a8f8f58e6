"""``Fleet``: the sites of an inventory, imported into one Rancher."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import pulumi

from capacity.model import figures
from capacity.model.plan import CapacityError
from components.capacity.pod_network import PodNetwork
from fleet import session as access
from fleet.agents import Arrivals
from fleet.inventory import Inventory
from fleet.server_check import Server
from fleet.site import Site
from fleet.user import User
from rancher_on_pks.outputs import RancherStack


@dataclass(frozen=True, kw_only=True)
class FleetArgs:
    """What is imported where.

    Attributes:
        server: Outputs of the server's stack.
        inventory: Sites and users.
        timeout_minutes: Longest time until all agents are connected.
        owner: The stack, as clusters in Rancher are marked with.
    """

    server: RancherStack
    inventory: Inventory
    timeout_minutes: int
    owner: str


class Fleet(pulumi.ComponentResource):
    """The sites in Rancher (type ``rancher-on-pks:fleet:Fleet``).

    Produces the figures of the server's pod network with this fleet in them, for the policies; a look at
    Rancher; a User and a Site each; and the one resource that waits for the agents.

    Attributes:
        clusters: Id in Rancher by site.
        commands: What to run on each cluster that cannot be reached from here. Secret.
        passwords: First password by user. Secret.
        leaked: Namespaces of removed sites that stay on the server's cluster.
    """

    clusters: pulumi.Output[Mapping[str, str]]
    commands: pulumi.Output[Mapping[str, str]]
    passwords: pulumi.Output[Mapping[str, str]]
    leaked: pulumi.Output[list[str]]

    def __init__(self, name: str, args: FleetArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        """Declare it."""
        super().__init__("rancher-on-pks:fleet:Fleet", name, None, opts)
        inside = pulumi.ResourceOptions(parent=self)
        reach = access.inputs(args.server)
        inventory = args.inventory
        planned = pulumi.Output.from_input(args.server.pod_network or {})
        gate = PodNetwork(
            f"{name}-capacity",
            figures=planned.apply(lambda document: with_fleet(document, inventory)),
            source="server",
            measured_at="",
            opts=inside,
        )
        after = pulumi.ResourceOptions(parent=self, depends_on=gate)
        server = Server(f"{name}-server", access=reach, opts=after)
        after = pulumi.ResourceOptions(parent=self, depends_on=server)
        users = {
            user.name: User(
                user.name,
                name=user.name,
                display_name=user.display_name,
                owner=args.owner,
                access=reach,
                opts=after,
            )
            for user in inventory.users.values()
        }
        after = pulumi.ResourceOptions(parent=self, depends_on=[server, *users.values()])
        sites = {
            site.name: Site(
                site.name,
                site,
                reachable=inventory.access.get(site.name),
                owner=args.owner,
                access=reach,
                opts=after,
            )
            for site in inventory.sites.values()
        }
        ids = _all({site: made.cluster_id for site, made in sites.items()})
        problems = _all({site: made.problem for site, made in sites.items()})

        def of(wanted: bool) -> pulumi.Output[Any]:
            return pulumi.Output.all(ids, problems).apply(
                lambda both: {
                    site: cluster
                    for site, cluster in both[0].items()
                    if (site in inventory.access) == wanted and not both[1][site]
                }
            )

        arrivals = Arrivals(
            f"{name}-arrivals",
            awaited=of(True),
            registered=of(False),
            problems=problems.apply(lambda all_: {site: text for site, text in all_.items() if text}),
            timeout_minutes=args.timeout_minutes,
            access=reach,
            opts=after,
        )
        self.clusters, self.leaked = ids, arrivals.leaked
        commands = _all({site: made.command for site, made in sites.items()})
        self.commands = pulumi.Output.secret(
            commands.apply(lambda all_: {site: text for site, text in all_.items() if text})
        )
        passwords = {user: made.password for user, made in users.items()}
        self.passwords = pulumi.Output.secret(_all(passwords))
        self.register_outputs({"leaked": self.leaked})


def _all(outputs: Mapping[str, pulumi.Output[str]]) -> pulumi.Output[Mapping[str, str]]:
    """One output of many by name; ``Output.all`` of none is a list."""
    return pulumi.Output.all(**outputs) if outputs else pulumi.Output.from_input({})


def with_fleet(document: Mapping[str, Any], inventory: Inventory) -> Mapping[str, Any]:
    """Figures of the server's pod network, with at least what this fleet takes of it.

    Args:
        document: The server's output ``podNetwork``.
        inventory: The fleet. Each cluster counts as connected, each user as one who saves a preference.

    Raises:
        RunError: The figures cannot be right.
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
