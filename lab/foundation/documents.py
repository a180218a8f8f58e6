"""Clusters as the API returns them.

Source: container-service-extension ``models``; docs-pks 1.5 ``compute-profiles``.
"""

from __future__ import annotations

import json
from typing import Any

from lab.cluster.spec import ClusterSpec, NetworkSpec, Worker
from lab.foundation import pools, tile
from lab.foundation.inventory import Object
from lab.foundation.state import Cluster, State


def cluster(state: State, item: Cluster, *, details: bool = False) -> Object:
    """Returns a cluster as ``GET /v1/clusters/{name}``, or with ``details`` as ``/v1/clusterdetails``."""
    order = item.order
    network = state.network_profiles.get(order.network_profile)
    compute = state.compute_profiles.get(order.compute_profile)
    return {
        "name": item.name,
        "plan_name": order.plan,
        "uuid": item.uuid,
        "last_action": item.action,
        "last_action_state": item.state,
        "last_action_description": item.description,
        "kubernetes_master_ips": [item.address] if item.ready else ["In Progress"],
        "k8s_version": tile.KUBERNETES_VERSION,
        "pks_version": tile.PKS_VERSION,
        "network_profile_name": order.network_profile,
        "compute_profile_name": order.compute_profile,
        "kubernetes_profile_name": "",
        "available_upgrades": [],
        "parameters": {
            "kubernetes_master_host": order.hostname,
            "kubernetes_master_port": 8443,
            "kubernetes_worker_instances": order.workers,
            "worker_haproxy_ip_addresses": None,
            "authorization_mode": None,
            "kubernetes_setting_plan_details": None,
            "kubernetes_setting_cluster_details": None,
            # JSON inside a string, as in the API.
            "nsxt_network_profile": json.dumps(network["parameters"]) if network else None,
            "nsxt_network_details": _network_details(state, item) if details else None,
            "compute_profile": json.dumps(compute["parameters"]) if compute else None,
            "custom_ca_certs": None,
            "cluster_tags": order.tags or None,
            "k8s_customization_parameters": None,
        },
    }


def spec(state: State, item: Cluster) -> ClusterSpec:
    """Returns the cluster's specification for its control plane."""
    workers = (machine for machine in item.machines if pools.is_worker(machine.job))
    return ClusterSpec(
        uuid=item.uuid,
        name=item.name,
        slot=item.slot,
        api_address=item.address,
        external_hostname=item.order.hostname,
        workers=tuple(Worker(m.id, m.ip, m.cid, m.az.lower()) for m in workers),
        network=network(state, item),
        admin_token=item.token,
    )


def network(state: State, item: Cluster) -> NetworkSpec:
    """Returns the cluster's network settings, from its profile and the tile."""
    given = state.network_parameters(item.order.network_profile)
    cni = given.get("cni_configurations", {}).get("parameters", {})
    keys = ("pod_subnet_prefix", "pod_routable", "lb_size", "single_tier_topology")
    values: dict[str, Any] = {key: given[key] for key in keys if key in given}
    cni_keys = ("nsx_lb", "nsx_ingress_controller", "max_l4_lb_service")
    values |= {key: cni[key] for key in cni_keys if key in cni}
    return NetworkSpec(
        pod_ip_block_ids=tuple(given.get("pod_ip_block_ids") or (tile.POD_BLOCK,)),
        fip_pool_ids=tuple(given.get("fip_pool_ids") or (tile.FLOATING_POOL,)),
        **values,
    )


def _network_details(state: State, item: Cluster) -> Object:
    given = state.network_parameters(item.order.network_profile)
    decided = network(state, item)
    return {
        "lb_size": decided.lb_size,
        "nodes_dns": given.get("nodes_dns", ["10.10.30.13"]),
        "node_routable": given.get("node_routable", False),
        "node_subnet_prefix": given.get("node_subnet_prefix", tile.NODE_SUBNET_PREFIX),
        "pod_routable": decided.pod_routable,
        "pod_subnet_prefix": decided.pod_subnet_prefix,
        "master_vms_nsgroup_id": given.get("master_vms_nsgroup_id", ""),
        "t0_router_id": given.get("t0_router_id", tile.TIER0_ROUTER),
        "fip_pool_ids": list(decided.fip_pool_ids),
        "node_ip_block_ids": given.get("node_ip_block_ids", [tile.NODE_BLOCK]),
        "pod_ip_block_ids": list(decided.pod_ip_block_ids),
    }
