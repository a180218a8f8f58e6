"""Validates orders to PKS before anything changes. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from lab.foundation import pools, profiles, tile
from lab.foundation.errors import ApiError, not_found
from lab.foundation.state import Order, State


def new_cluster(state: State, body: Mapping[str, Any]) -> tuple[str, Order]:
    """Returns the name and the order of a new cluster, from the body of ``POST /v1/clusters``.

    The name's characters are not checked; PKS rejects them during creation (docs-pks 1.5 ``create-cluster``).

    Raises:
        ApiError: The order is invalid.
    """
    name, parameters = str(body.get("name") or ""), body.get("parameters") or {}
    hostname = str(parameters.get("kubernetes_master_host") or "")
    if not name or not hostname:
        raise ApiError(422, "name and kubernetes_master_host are required")
    plan = tile.PLANS.get(str(body.get("plan_name")))
    if plan is None:
        raise ApiError(422, f"Plan {body.get('plan_name')} not found")
    if name in state.clusters:
        raise ApiError(409, f"Cluster with name {name} already exists")
    for other in state.clusters.values():
        if other.order.hostname.lower() == hostname.lower():
            raise ApiError(409, f"External hostname {hostname} is in use by cluster {other.name}")
    given = {**parameters, **{key: body.get(key) for key in ("network_profile_name", "compute_profile_name")}}
    order = _changed(state, Order(hostname, plan.name, plan.workers), given)
    blocks = state.network_parameters(order.network_profile).get("pod_ip_block_ids") or []
    if tile.POD_BLOCK in blocks:  # docs-pks 1.5 `network-profiles-pods`
        raise ApiError(422, "Invalid network profile: field pod_ip_block_ids names the block of the tile")
    return name, order


def change(state: State, order: Order, body: Mapping[str, Any]) -> Order:
    """Returns ``order`` as changed by the body of ``PATCH /v1/clusters/{name}``.

    Raises:
        ApiError: The change is invalid.
    """
    changed = _changed(state, order, body)
    if changed.network_profile != order.network_profile:
        before = state.network_parameters(order.network_profile)
        after = state.network_parameters(changed.network_profile)
        if (key := profiles.conflict(before, after)) is not None:
            raise ApiError(422, f"Error processing update parameters: field {key} has conflict")
    return changed


def _changed(state: State, order: Order, values: Mapping[str, Any]) -> Order:
    plan, changes = tile.PLANS[order.plan], dict[str, Any]()
    changes |= _compute(state, order, values)
    workers = values.get("kubernetes_worker_instances")
    if workers is not None and not changes.get("pools", order.pools):  # the pools' numbers take precedence
        if not isinstance(workers, int) or not 1 <= workers <= plan.max_workers:
            limits = f"from 1 to {plan.max_workers} (plan {plan.name})"
            raise ApiError(422, f"The number of worker nodes must be {limits}, not {workers}")
        changes["workers"] = workers
    if network := values.get("network_profile_name"):
        if network not in state.network_profiles:
            raise not_found("Network profile", network)
        changes["network_profile"] = network
    if (tags := values.get("cluster_tags")) is not None:
        changes["tags"] = [{"name": tag["name"], "value": tag.get("value") or ""} for tag in tags]
    return replace(order, **changes)


def _compute(state: State, order: Order, values: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the compute profile, its node pools and their number of workers."""
    wanted = str(values.get("compute_profile_name") or "")
    given = values.get("node_pool_instances") or {}
    if not wanted and not given:
        return {}
    name = wanted or order.compute_profile
    if name not in state.compute_profiles:
        raise not_found("Compute profile", name)
    before = order.pools if name == order.compute_profile else {}
    counts = pools.counts(state.compute_profiles[name], before, given, tile.PLANS[order.plan].workers)
    workers = sum(counts.values()) or order.workers
    return {"compute_profile": name, "pools": counts, "workers": workers}
