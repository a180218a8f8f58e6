"""``read_from``: how much of a pod network is taken now, from whichever API of NSX-T has it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from capacity.model.assessment import observed
from capacity.model.nsx.inventory import AbsentError, LoadBalancer, Manager, NsxInventory
from capacity.model.nsx.manager_api import ManagerInventory
from capacity.model.nsx.policy_api import PolicyInventory
from capacity.model.plan import Network


@dataclass(frozen=True)
class Reading:
    """What the manager says.

    Attributes:
        network: The network with what others than the plan's cluster use of it now.
        own_subnets: Pod subnets of the plan's cluster.
        load_balancers: Load balancers of the plan's cluster.
        api: The API that was read.
        skipped: Objects of others that could not be read and so do not count.
    """

    network: Network
    own_subnets: int = 0
    load_balancers: tuple[LoadBalancer, ...] = ()
    api: str = ManagerInventory.api
    skipped: int = 0


def read_from(manager: Manager, network: Network, cluster: str | None, pools: Iterable[str]) -> Reading:
    """Read how much of the network is taken.

    The manager API is read unless it is absent or lacks the network's objects, which the policy API then has.

    Args:
        manager: The manager.
        network: The network; its blocks are found by their CIDRs.
        cluster: UUID of the plan's cluster, whose objects are not others'; None when it does not exist yet.
        pools: Ids of the floating IP pools; without any, their figures stay as given.

    Raises:
        AbsentError: It does not have a block or a pool.
        CapacityError: More is used than the network's figures allow: those figures are wrong.
    """
    pools = tuple(pools)
    try:
        return _reading(ManagerInventory(manager, cluster, pools), network)
    except AbsentError as error:
        absent = error
    try:
        return _reading(PolicyInventory(manager, cluster, pools), network)
    except AbsentError as error:
        raise AbsentError(f"{absent}; {error}") from None


def _reading(inventory: NsxInventory, network: Network) -> Reading:
    found = observed(network, inventory)
    own = sum(inventory.subnets(block.cidr, network.subnet_prefix).own for block in network.blocks)
    return Reading(found, own, inventory.load_balancers(), inventory.api, inventory.skipped)
