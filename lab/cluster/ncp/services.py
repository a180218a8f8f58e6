"""Services of type LoadBalancer, and NCP's own virtual servers for Ingress objects."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Mapping
from typing import Any

from lab.cluster.api import Object
from lab.cluster.ncp.controller import State
from lab.cluster.ncp.errors import LOAD_BALANCER
from lab.cluster.ncp.nsx import (
    ADDRESSES,
    BALANCERS,
    PROJECT,
    ROLE,
    SERVICE,
    VIRTUAL_SERVERS,
    ExhaustedError,
    Owned,
)
from lab.cluster.ncp.queue import Item
from lab.cluster.objects import load_balancer_ips

_INGRESS = "ingress"


async def reconcile(state: State, key: str) -> None:
    """Allocates the Service's virtual servers and addresses, or releases them once it is gone."""
    item = state.services.get(key)
    namespace, name = key.split("/")
    if item is None or not _wanted(state, item):
        await _release(state, namespace, name, item)
        return
    if not _is_due(state, key):
        return
    try:
        address = await _realise(state, namespace, name, item)
    except ExhaustedError as error:
        await state.errors.report("services", item, LOAD_BALANCER, str(error))
        raise
    await state.errors.resolve("services", item)
    addresses = status_addresses(state.spec.uuid, key, address)
    if load_balancer_ips(item) != addresses:
        status = {"loadBalancer": {"ingress": [{"ip": ip} for ip in addresses]}}
        await state.api.patch(f"/api/v1/namespaces/{namespace}/services/{name}/status", {"status": status})


async def reconcile_cluster(state: State, _: str) -> None:
    """Creates the cluster-wide objects: the NSXError resource, and virtual servers for Ingresses."""
    await state.errors.install()
    network = state.spec.network
    if not (network.nsx_lb and network.nsx_ingress_controller):
        return
    present = state.nsx.find(ADDRESSES, role=_INGRESS)
    name = f"pks-{state.spec.uuid}-ingress"
    tags = {ROLE: _INGRESS}
    address = present[0] if present else await state.nsx.allocate(network.fip_pool_ids, name, tags)
    existing = {item.value.get("port") for item in state.nsx.find(VIRTUAL_SERVERS, role=_INGRESS)}
    for port in ("80", "443"):
        if port not in existing:
            body = {"ip_address": address.address, "port": port, "ip_protocol": "TCP"}
            await _virtual_server(state, f"{name}-{port}", tags, body)


def status_addresses(uuid: str, key: str, floating: str) -> list[str]:
    """Returns both addresses that NCP shows, as in the article: 10.50.0.79 and 100.64.128.125.

    The second is in 100.64.0.0/10 (RFC 6598): the link between Tier-0 and the load balancer's Tier-1 router,
    which is not reachable from outside. The order is fixed for one Service and differs between Services.
    """
    link, order = hashlib.sha256(uuid.encode()).digest(), hashlib.sha256(f"{uuid}/{key}".encode()).digest()
    transit = f"100.64.{128 + link[0] % 64}.{1 + link[1] % 254}"
    return [floating, transit] if order[0] % 2 else [transit, floating]


def _wanted(state: State, item: Object) -> bool:
    deleted = "deletionTimestamp" in item["metadata"]
    return item["spec"].get("type") == "LoadBalancer" and state.spec.network.nsx_lb and not deleted


def _is_due(state: State, key: str) -> bool:
    """Simulates NCP's delay; a Service that already has its addresses is not delayed again."""
    if load_balancer_ips(state.services[key]):
        return True
    now = time.monotonic()
    wait = state.first_seen.setdefault(key, now) + state.load_balancer_seconds - now
    if wait > 0:
        state.queue.add(Item("service", key), wait)
    return wait <= 0


async def _realise(state: State, namespace: str, name: str, item: Object) -> str:
    """Creates the missing address and virtual servers; returns the address."""
    tags = {PROJECT: namespace, SERVICE: name}
    servers = state.nsx.find(VIRTUAL_SERVERS, project=namespace, service=name)
    limit = state.spec.network.max_l4_lb_service
    others = {
        (other.tags.get(PROJECT), other.tags[SERVICE])
        for other in state.nsx.find(VIRTUAL_SERVERS)
        if SERVICE in other.tags
    } - {(namespace, name)}
    if limit is not None and not servers and len(others) >= limit:
        raise ExhaustedError(f"Number of layer 4 load balancer services exceed max_l4_lb_service {limit}")
    label = f"pks-{state.spec.uuid}-{namespace}-{name}"
    owned = state.nsx.find(ADDRESSES, project=namespace, service=name)
    asked = item["spec"].get("loadBalancerIP", "")
    pools = state.spec.network.fip_pool_ids
    address = owned[0] if owned else await state.nsx.allocate(pools, label, tags, asked)
    ports = {(entry.get("protocol", "TCP"), str(entry["port"])) for entry in item["spec"]["ports"]}
    for server in servers:
        pair = (server.value.get("ip_protocol", "TCP"), str(server.value.get("port")))
        if pair in ports:
            ports.remove(pair)
        else:
            await state.nsx.remove(server)
    for protocol, port in sorted(ports):
        body = {"ip_address": address.address, "port": port, "ip_protocol": protocol}
        await _virtual_server(state, f"{label}-{port}", tags, body)
    return address.address


async def _virtual_server(
    state: State, label: str, tags: Mapping[str, str], body: Mapping[str, Any]
) -> Owned:
    """Creates a virtual server on the first load balancer with capacity, or on a new one within the limit."""
    balancers = state.nsx.find(BALANCERS)
    for balancer in balancers:
        try:
            return await state.nsx.create(
                VIRTUAL_SERVERS, label, tags, {**body, "lb_service_id": balancer.id}
            )
        except ExhaustedError:
            continue
    if balancers and not state.spec.network.l4_lb_auto_scaling:
        raise ExhaustedError("Number of virtual servers exceed the load balancer service limit")
    size = {"size": state.spec.network.lb_size.upper(), "enabled": True}
    try:
        added = await state.nsx.create(BALANCERS, f"lb-pks-{state.spec.uuid}-{len(balancers)}", {}, size)
    except ExhaustedError as error:
        raise ExhaustedError("Number of loadbalancer requested exceed Edge node limit") from error
    return await state.nsx.create(VIRTUAL_SERVERS, label, tags, {**body, "lb_service_id": added.id})


async def _release(state: State, namespace: str, name: str, item: Object | None) -> None:
    state.first_seen.pop(f"{namespace}/{name}", None)
    for kind in (VIRTUAL_SERVERS, ADDRESSES):
        for owned in state.nsx.find(kind, project=namespace, service=name):
            await state.nsx.remove(owned)
    if item is None:
        await state.errors.forget("services", namespace, name)
    elif "deletionTimestamp" not in item["metadata"]:
        await state.errors.resolve("services", item)
        if load_balancer_ips(item):
            path = f"/api/v1/namespaces/{namespace}/services/{name}/status"
            await state.api.patch(path, {"status": {"loadBalancer": None}})
