"""Resources of a cluster that is built: NSX-T objects and machines. No I/O; idempotent."""

from __future__ import annotations

import ipaddress
import uuid
from collections.abc import Callable, Iterable

from lab.foundation import documents, pools, tile
from lab.foundation.inventory import Object, RefusedError, cluster_tags
from lab.foundation.state import Cluster, Machine, State

_AZ = "AZ1"
_API_PORT = "8443"


class ProvisionError(Exception):
    """The cluster cannot be built; the message is what PKS shows."""


def network_objects(state: State, item: Cluster) -> None:
    """Creates the cluster's nodes subnet, router, segment, load balancer and API address, once.

    Counts are those of docs-pks 1.5 ``vsphere-nsxt-cluster-objects``; NCP creates the rest when it starts.

    Raises:
        ProvisionError: NSX-T is exhausted; everything is rolled back.
    """
    if item.address:
        return
    network = documents.network(state, item)
    labels: Object = {"display_name": f"pks-{item.uuid}", "tags": cluster_tags(item.uuid)}
    inventory = state.inventory
    try:
        cidr = _node_subnet(state, item, labels)
        # The dedicated topology has a router and a segment each for the nodes and the load balancer.
        for _ in range(1 if network.single_tier_topology else 2):
            inventory.create("logical-routers", {"router_type": "TIER1", **labels})
            inventory.create("logical-switches", dict(labels))
        balancer = inventory.create("loadbalancer/services", {"size": network.lb_size.upper(), **labels})
        allocation = _first("FIP", network.fip_pool_ids, lambda pool: inventory.allocate(pool, dict(labels)))
        address = str(allocation["allocation_id"])
        server = {"ip_address": address, "port": _API_PORT, "ip_protocol": "TCP"}
        inventory.create(
            "loadbalancer/virtual-servers", {**server, "lb_service_id": balancer["id"], **labels}
        )
    except RefusedError as error:
        inventory.remove_cluster(item.uuid)
        raise ProvisionError(f"an error occurred during network allocation: {error}") from None
    except ProvisionError:
        inventory.remove_cluster(item.uuid)
        raise
    item.nodes_cidr, item.address = cidr, address


def plan_machines(item: Cluster) -> None:
    """Adds and removes machines until each role has its number; the others keep their CID.

    Raises:
        ProvisionError: The nodes subnet has too few addresses.
    """
    plan = tile.PLANS[item.order.plan]
    taken = {machine.ip for machine in item.machines}
    hosts = (str(ip) for ip in list(ipaddress.IPv4Network(item.nodes_cidr).hosts())[1:])
    free = (ip for ip in hosts if ip not in taken)
    machines: list[Machine] = []
    for job, number in {"master": plan.masters, **pools.groups(item.order.workers, item.order.pools)}.items():
        machines += [machine for machine in item.machines if machine.job == job][:number]
        while sum(machine.job == job for machine in machines) < number:
            if (ip := next(free, None)) is None:
                raise ProvisionError(f"no IP address left in the nodes subnet {item.nodes_cidr}")
            machines.append(Machine(job, str(uuid.uuid4()), f"vm-{uuid.uuid4()}", ip, _AZ))
    item.machines = machines


def _node_subnet(state: State, item: Cluster, labels: Object) -> str:
    given = state.network_parameters(item.order.network_profile)
    blocks = given.get("node_ip_block_ids") or [tile.NODE_BLOCK]
    size = 2 ** (32 - given.get("node_subnet_prefix", tile.NODE_SUBNET_PREFIX))

    def create(block: str) -> Object:
        return state.inventory.create_subnet({"block_id": block, "size": size, **labels})

    return str(_first("node network", blocks, create)["cidr"])


def _first(what: str, places: Iterable[str], allocate: Callable[[str], Object]) -> Object:
    """Allocates from the first place with room."""
    reason = ""
    for place in places:
        try:
            return allocate(place)
        except RefusedError as error:
            reason = str(error)
    raise ProvisionError(f"an error occurred during {what} allocation: {reason}")  # FIP: docs-pks 1.19
