"""Node pools of compute profiles (docs-pks 1.20 `compute-profiles-manage`, `compute-profiles-use`). Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lab.foundation.errors import ApiError

WORKER = "worker"
"""BOSH instance group of workers outside node pools."""


def of(profile: Mapping[str, Any] | None) -> list[Mapping[str, Any]]:
    """Returns the node pools of a compute profile."""
    customization = ((profile or {}).get("parameters") or {}).get("cluster_customization") or {}
    found: list[Mapping[str, Any]] = customization.get("node_pools") or []
    return found


def counts(
    profile: Mapping[str, Any] | None, before: Mapping[str, int], given: Mapping[str, Any], default: int
) -> dict[str, int]:
    """Returns the number of workers by pool.

    Args:
        profile: The cluster's compute profile.
        before: Previous workers by pool; empty for a new cluster or another profile.
        given: Ordered numbers.
        default: Workers of a pool without a number: the plan's.

    Raises:
        ApiError: A pool is not in the profile, or there are too many workers (texts invented).
    """
    pools = {str(pool["name"]): pool for pool in of(profile)}
    for name, number in given.items():
        if name not in pools:
            raise ApiError(422, f"Node pool {name} not found in the compute profile")
        most = pools[name].get("max_worker_instances")
        if not isinstance(number, int) or number < 1 or (most is not None and number > most):
            raise ApiError(422, f"The number of instances of node pool {name} is not valid: {number}")
    return {
        name: given.get(name) or before.get(name) or int(pool.get("instances") or default)
        for name, pool in pools.items()
    }


def groups(workers: int, by_pool: Mapping[str, int]) -> dict[str, int]:
    """Returns the workers by BOSH instance group: `worker`, or `worker-<pool>` for each pool."""
    return {f"{WORKER}-{name}": number for name, number in by_pool.items()} or {WORKER: workers}


def is_worker(group: str) -> bool:
    """Whether the instance group consists of workers."""
    return group == WORKER or group.startswith(f"{WORKER}-")
