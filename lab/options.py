"""Options of a lab: delays of its simulators and size of its network."""

from __future__ import annotations

import dataclasses
import json
import os
from dataclasses import dataclass

from lab.layout import Lab


@dataclass(frozen=True)
class Options:
    """Each option can be set with the environment variable ``LAB_<NAME>`` when the lab is created."""

    cluster_seconds: float = 8.0
    """Time to create a cluster (30 minutes on a real foundation)."""
    load_balancer_seconds: float = 3.0
    """Time until NCP assigns addresses to a Service of type LoadBalancer."""
    rancher_start_seconds: float = 10.0
    """Time from a Rancher pod's start until it is ready (19 to 23 s measured on Rancher 2.15.0)."""
    node_grace_seconds: float = 20.0
    """Time without a heartbeat until a node is not ready (Kubernetes' default is 50 s)."""
    eviction_seconds: float = 5.0
    """Further time until the node's pods are evicted (Kubernetes' default is 300 s)."""
    ha_seconds: float = 20.0
    """Time until vSphere HA has restarted a lost host's VMs on other hosts."""
    resurrect_seconds: float = 180.0
    """Time until BOSH has recreated a VM with a silent agent."""
    pod_block: str = "172.16.0.0/16"
    """Pod IP block of the tile."""
    node_block: str = "172.15.0.0/16"
    """Node IP block of the tile."""
    hosts: int = 4
    """ESXi hosts in the vCenter simulator."""


def load(lab: Lab) -> Options:
    """Returns the options with which this lab was created; before that, those of the environment."""
    file = lab.home / "lab.json"
    if file.exists():
        return Options(**json.loads(file.read_text())["options"])
    chosen = {
        name: type(default)(os.environ[f"LAB_{name.upper()}"])
        for name, default in dataclasses.asdict(Options()).items()
        if f"LAB_{name.upper()}" in os.environ
    }
    return Options(**chosen)
