"""What can be chosen about a lab: the time its simulators take and the size of its network."""

from __future__ import annotations

import dataclasses
import json
import os
from dataclasses import dataclass

from lab.layout import Lab


@dataclass(frozen=True)
class Options:
    """Each option can be set by the environment variable ``LAB_<NAME>`` when the lab is first made."""

    cluster_seconds: float = 20.0
    """Time that the simulated PKS takes to create a cluster (30 minutes on a real foundation)."""
    load_balancer_seconds: float = 3.0
    """Time until NCP gives a Service of type LoadBalancer its addresses."""
    rancher_start_seconds: float = 10.0
    """Time from a Rancher pod's start to its readiness (19 to 23 s measured on Rancher 2.15.0)."""
    node_grace_seconds: float = 20.0
    """Time without a heartbeat after which a node is not ready (Kubernetes' default is 50 s)."""
    eviction_seconds: float = 5.0
    """Time after that until the node's pods start elsewhere (Kubernetes' default is 300 s)."""
    ha_seconds: float = 20.0
    """Time until vSphere HA has started a lost host's VMs on others."""
    resurrect_seconds: float = 180.0
    """Time until BOSH has made a VM anew whose agent is silent."""
    pod_block: str = "172.16.0.0/16"
    """Pod IP block of the tile."""
    node_block: str = "172.15.0.0/16"
    """Node IP block of the tile."""
    hosts: int = 4
    """ESXi hosts in the vCenter simulator."""


def load(lab: Lab) -> Options:
    """The options this lab was made with; those of the environment when it is not made yet."""
    file = lab.home / "lab.json"
    if file.exists():
        return Options(**json.loads(file.read_text())["options"])
    chosen = {
        name: type(default)(os.environ[f"LAB_{name.upper()}"])
        for name, default in dataclasses.asdict(Options()).items()
        if f"LAB_{name.upper()}" in os.environ
    }
    return Options(**chosen)
