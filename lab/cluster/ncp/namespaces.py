"""Network resources of a namespace: subnet, segment, SNAT address, with the dedicated topology a router."""

from __future__ import annotations

import ipaddress

from lab.cluster.api import Object, annotations_of
from lab.cluster.ncp.controller import State
from lab.cluster.ncp.errors import SNAT, SUBNET
from lab.cluster.ncp.nsx import (
    ADDRESSES,
    PROJECT,
    ROUTERS,
    SEGMENTS,
    SUBNETS,
    VIRTUAL_SERVERS,
    ExhaustedError,
    Owned,
)
from lab.cluster.ncp.queue import Item

_REALISED = ("ncp/subnet-", "ncp/snat_ip")


async def reconcile(state: State, name: str) -> None:
    """Allocates what the namespace needs, or releases it once the namespace is gone."""
    item = state.namespaces.get(name)
    if item is None:
        await _release(state, name)
        return
    if "deletionTimestamp" in item["metadata"]:
        return
    try:
        if not subnets(state, name):
            await add_subnet(state, name)
    except ExhaustedError as error:
        await state.errors.report("namespaces", item, SUBNET, f"Pod IP Block is exhausted: {error}")
        raise
    await _match_segments(state, name)
    if not state.spec.network.single_tier_topology and not state.nsx.find(ROUTERS, project=name):
        body = {"router_type": "TIER1", "resource_type": "LogicalRouter"}
        await state.nsx.create(ROUTERS, _label(state, name), {PROJECT: name}, body)
    wanted = not state.spec.network.pod_routable and annotations_of(item).get("ncp/no_snat") != "true"
    present = state.nsx.find(ADDRESSES, project=name, service=None)
    try:
        if wanted and not present:
            pools = state.spec.network.fip_pool_ids
            await state.nsx.allocate(pools, f"snat-{_label(state, name)}", {PROJECT: name})
    except ExhaustedError as error:
        await state.errors.report("namespaces", item, SNAT, f"Floating IP pool is exhausted: {error}")
        raise
    for address in [] if wanted else present:
        await state.nsx.remove(address)
    await state.errors.resolve("namespaces", item)
    await _annotate(state, name, item)


def subnets(state: State, name: str) -> list[ipaddress.IPv4Network]:
    """Returns the namespace's subnets of pod IP blocks."""
    return [ipaddress.IPv4Network(item.value["cidr"]) for item in state.nsx.find(SUBNETS, project=name)]


async def add_subnet(state: State, name: str) -> None:
    """Allocates a subnet from the first block with room, and creates a segment for it.

    Raises:
        ExhaustedError: No block has room.
    """
    network = state.spec.network
    reason = "the network profile names no pod IP block"
    for block in network.pod_ip_block_ids:
        body = {"block_id": block, "size": 2 ** (32 - network.pod_subnet_prefix)}
        try:
            await state.nsx.create(SUBNETS, _label(state, name), {PROJECT: name}, body)
        except ExhaustedError as error:
            reason = str(error)
            continue
        break
    else:
        raise ExhaustedError(reason)
    await _match_segments(state, name)
    state.queue.add(Item("namespace", name))
    for key, pod in state.pods.items():
        if pod["metadata"]["namespace"] == name:
            state.queue.add(Item("pod", key))


async def _annotate(state: State, name: str, item: Object) -> None:
    """Annotates the namespace with its allocations."""
    present = {key: value for key, value in annotations_of(item).items() if key.startswith(_REALISED)}
    wanted = {f"ncp/subnet-{number}": str(cidr) for number, cidr in enumerate(sorted(subnets(state, name)))}
    for address in state.nsx.find(ADDRESSES, project=name, service=None):
        wanted["ncp/snat_ip"] = address.address
    if wanted != present:
        annotations = {**dict.fromkeys(present), **wanted}
        change = {"uid": item["metadata"]["uid"], "annotations": annotations}
        await state.api.patch(f"/api/v1/namespaces/{name}", {"metadata": change})


async def _match_segments(state: State, name: str) -> None:
    """Ensures one segment per subnet, even if NCP was interrupted between the two."""
    missing = len(subnets(state, name)) - len(state.nsx.find(SEGMENTS, project=name))
    body = {"replication_mode": "MTEP", "admin_state": "UP"}
    for _ in range(missing):
        await state.nsx.create(SEGMENTS, _label(state, name), {PROJECT: name}, body)


async def _release(state: State, name: str) -> None:
    order = (VIRTUAL_SERVERS, ADDRESSES, SEGMENTS, ROUTERS, SUBNETS)
    owned: list[Owned] = [item for kind in order for item in state.nsx.find(kind, project=name)]
    for item in owned:
        await state.nsx.remove(item)
    await state.errors.forget("namespaces", "", name)


def _label(state: State, name: str) -> str:
    return f"pks-{state.spec.uuid}-{name}"
