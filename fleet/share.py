"""The plan of a server as one of its fleets sees it: with this fleet and the shares of others. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields, replace

from capacity.model.plan import Demand, FleetShare
from domain.finding import FindingError
from fleet.inventory import Inventory


@dataclass(frozen=True, kw_only=True)
class FleetName:
    """Which fleet of which server this is.

    Attributes:
        stack: Name of the fleet's stack.
        server: Name of the server's stack, with or without organization and project.
    """

    stack: str
    server: str

    @property
    def is_main(self) -> bool:
        """Whether the fleet is named as its server: it has what the shares leave."""
        return self.stack == self.server.rpartition("/")[2]


def with_fleet(demand: Demand, inventory: Inventory, fleet: FleetName) -> Demand:
    """The server's plan with at least what all its fleets may take together.

    Each cluster counts as connected, each user as one who saves a preference. Where the server has several
    fleets, the plan names the share of each, this one included.

    Args:
        demand: The plan in the server's settings.
        inventory: What this fleet takes.
        fleet: Its name.

    Raises:
        FindingError: The fleet is not the server's main one, and has no share.
    """
    shares = dict(demand.fleet_shares)
    if fleet.stack not in shares and not fleet.is_main:
        raise FindingError(
            "fleetShares",
            f"server {fleet.server} has no share for fleet {fleet.stack}",
            f"Set one in the server's stack (`pulumi config set --path fleetShares.{fleet.stack} "
            f"{max(len(inventory.sites), 1)}`) and update it. A fleet named as its server needs none",
        )
    others = _sum(share for stack, share in shares.items() if stack != fleet.stack)
    grown = replace(
        demand,
        imported_clusters=max(demand.imported_clusters, others.imported_clusters + len(inventory.sites)),
        connected=True,
        projects=max(demand.projects, others.projects + inventory.projects),
        users=max(demand.users, 1 + others.users + len(inventory.users)),
    )
    if not shares or fleet.stack in shares:
        return grown
    rest = FleetShare(
        imported_clusters=grown.imported_clusters - others.imported_clusters,
        projects=grown.projects - others.projects,
        users=grown.users - 1 - others.users,
    )
    return replace(grown, fleet_shares={**shares, fleet.stack: rest})


def _sum(shares: Iterable[FleetShare]) -> FleetShare:
    listed = list(shares)
    totals = {item.name: sum(getattr(share, item.name) for share in listed) for item in fields(FleetShare)}
    return FleetShare(**totals)
