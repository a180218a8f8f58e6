"""Validation of network profiles by the PKS API (docs-pks 1.5 and 1.19 ``network-profiles-define``).

Deliberately separate from the program's own check: both are written from the same source, so an error in one
shows up against the other. Pure. The error texts are invented.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Collection, Iterable, Mapping
from contextlib import suppress
from typing import Any

from lab.foundation import tile

_Check = Callable[[Any], bool]


def _text(value: Any) -> bool:
    return isinstance(value, str) and bool(value)


def _flag(value: Any) -> bool:
    return isinstance(value, bool)


def _positive(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 1


def _prefix(value: Any) -> bool:
    return _positive(value) and 8 <= value <= 30


def _one_of(*allowed: str) -> _Check:
    return lambda value: value in allowed


def _list_of(check: _Check, most: int = 1000) -> _Check:
    return lambda value: isinstance(value, list) and len(value) <= most and all(map(check, value))


def _network(value: Any) -> bool:
    with suppress(ValueError):
        return _text(value) and bool(ipaddress.ip_network(value))
    return False


def _address(value: Any) -> bool:
    with suppress(ValueError):
        return _text(value) and bool(ipaddress.ip_address(value))
    return False


def _object(value: Any) -> bool:
    return isinstance(value, dict)


_KEYS: dict[str, _Check] = {
    "lb_size": _one_of("small", "medium", "large"),
    "pod_ip_block_ids": _list_of(_text),
    "pod_subnet_prefix": _prefix,
    "pod_routable": _flag,
    "fip_pool_ids": _list_of(_text),
    "t0_router_id": _text,
    "master_vms_nsgroup_id": _text,
    "node_ip_block_ids": _list_of(_text),
    "node_routable": _flag,
    "node_subnet_prefix": _prefix,
    "nodes_dns": _list_of(_address, most=3),
    "dns_lookup_mode": _one_of("API", "API_INGRESS"),
    "ingress_prefix": _text,
    "single_tier_topology": _flag,
    "infrastructure_networks": _list_of(_network),
    "failover_mode": _one_of("PREEMPTIVE", "NON_PREEMPTIVE"),
    "cni_configurations": _object,
}
_CNI_KEYS: dict[str, _Check] = {
    "nsx_lb": _flag,
    "nsx_ingress_controller": _flag,
    "x_forwarded_for": _one_of("insert", "replace", "none"),
    "ingress_ip": _address,
    "ingress_persistence_settings": _object,
    "log_settings": _object,
    "max_l4_lb_service": _positive,
    "l4_persistence_type": _one_of("source_ip"),
    "l4_lb_algorithm": _one_of("round_robin", "least_connection", "ip_hash", "weighted_round_robin"),
    "top_firewall_section_marker": _text,
    "bottom_firewall_section_marker": _text,
    "lb_http_request_header_size": _positive,
    "lb_http_response_header_size": _positive,
    "lb_http_response_timeout": _positive,
    "connect_retry_timeout": _positive,
    "enable_hostport": _flag,
    "enable_nodelocaldns": _flag,
    "client_ssl_profile": _text,
    "lb_connection_multiplexing_enabled": _flag,
    "lb_connection_multiplexing_number": _positive,
    "extensions": _object,
    "enable_err_crd": _flag,
    "l4_algorithm": _one_of("round_robin", "least_connection", "ip_hash", "weighted_round_robin"),
    "failover_mode": _one_of("PREEMPTIVE", "NON_PREEMPTIVE"),
    "log_firewall_traffic": _one_of("ALL", "ALLOW", "DENY"),
}
_LOG_KEYS: dict[str, _Check] = {
    "log_level": _one_of("INFO", "WARNING", "DEBUG", "ERROR", "CRITICAL"),
    "log_dropped_traffic": _flag,
    "log_firewall_traffic": _one_of("ALL", "ALLOW", "DENY"),
}
_PERSISTENCE_KEYS: dict[str, _Check] = {
    "persistence_type": _one_of("none", "cookie", "source_ip"),
    "persistence_timeout": _positive,
}
_DEFAULTS: dict[str, Any] = {
    "lb_size": "small",
    "pod_subnet_prefix": 24,
    "pod_routable": False,
    "node_routable": False,
    "single_tier_topology": True,
    "failover_mode": "PREEMPTIVE",
}
_GROWING = {
    "pod_ip_block_ids": [tile.POD_BLOCK],
    "fip_pool_ids": [tile.FLOATING_POOL],
    "node_ip_block_ids": [tile.NODE_BLOCK],
}
"""Lists, with the tile's value for a cluster whose profile has none."""
_FREE = (*_GROWING, "nodes_dns", "cni_configurations")


def problem(
    document: Mapping[str, Any], known_ids: Collection[str], others: Iterable[Mapping[str, Any]]
) -> str | None:
    """Returns why a new profile is rejected; None if it is valid.

    Args:
        document: ``name``, ``description``, ``parameters``.
        known_ids: Ids of the blocks and pools in NSX-T.
        others: The existing profiles.
    """
    if not _text(document.get("name")):
        return "name is missing"
    if unknown := document.keys() - {"name", "description", "parameters"}:
        return f"unknown field {min(unknown)}"
    parameters = document.get("parameters") or {}
    found = _wrong(parameters, _KEYS) or _cni_problem(parameters.get("cni_configurations"))
    if found is not None:
        return found
    for key in _GROWING:
        for item in parameters.get(key, []):
            if item not in known_ids:
                return f"field {key}: {item} not found in NSX-T"
    return _prefix_problem(parameters, others)


def conflict(before: Mapping[str, Any], after: Mapping[str, Any]) -> str | None:
    """Returns the first key that prevents a change of a running cluster's profile parameters (TKGI 1.19).

    Blocks and pools can be added and reordered, never removed; the tile's block remains the first.
    """
    for key, of_tile in _GROWING.items():
        old, new = before.get(key) or of_tile, after.get(key) or of_tile
        if set(old) - set(new) or (old == of_tile and new[0] != old[0]):
            return key
    for key in sorted((before.keys() | after.keys()) - set(_FREE)):
        if before.get(key, _DEFAULTS.get(key)) != after.get(key, _DEFAULTS.get(key)):
            return key
    return None


def _wrong(values: Mapping[str, Any], keys: Mapping[str, _Check]) -> str | None:
    for key, value in values.items():
        if key not in keys:
            return f"unknown field {key}"
        if not keys[key](value):
            return f"field {key} has an invalid value: {value!r}"
    return None


def _cni_problem(cni: Mapping[str, Any] | None) -> str | None:
    if cni is None:
        return None
    if cni.get("type") != "nsxt" or not _object(cni.get("parameters")):
        return "field cni_configurations needs type nsxt and parameters"
    found = _wrong(cni["parameters"], _CNI_KEYS)
    found = found or _wrong(cni["parameters"].get("log_settings") or {}, _LOG_KEYS)
    persistence = cni["parameters"].get("ingress_persistence_settings")
    if found is None and persistence is not None:
        found = _wrong(persistence, _PERSISTENCE_KEYS)
        if found is None and len(persistence) == 1:
            return "ingress_persistence_settings needs both persistence_type and persistence_timeout"
    return found


def _prefix_problem(parameters: Mapping[str, Any], others: Iterable[Mapping[str, Any]]) -> str | None:
    """Checks that profiles with a common block have one prefix (docs-pks 1.5 ``network-profiles-pods``)."""
    prefix = parameters.get("pod_subnet_prefix", _DEFAULTS["pod_subnet_prefix"])
    for other in others:
        theirs = other["parameters"]
        shared = set(parameters.get("pod_ip_block_ids", [])) & set(theirs.get("pod_ip_block_ids", []))
        if shared and theirs.get("pod_subnet_prefix", _DEFAULTS["pod_subnet_prefix"]) != prefix:
            return (
                f"field pod_subnet_prefix differs from that of profile {other['name']}, which shares a block"
            )
    return None
