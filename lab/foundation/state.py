"""State of the foundation, stored in one file that is replaced atomically on each change."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from lab import options
from lab.foundation import tile
from lab.foundation.inventory import Inventory, Object
from lab.layout import Lab
from lab.pki import write_private

IN_PROGRESS, SUCCEEDED, FAILED = "in progress", "succeeded", "failed"


@dataclass
class Machine:
    """One VM of a cluster, as recorded by BOSH."""

    job: str
    """BOSH instance group: ``master``, ``worker`` or ``worker-<pool>``."""
    id: str
    """GUID of the BOSH instance; for a worker also the name of its Kubernetes node."""
    cid: str
    """``vm-<guid>``, the name of the VM in vCenter."""
    ip: str
    az: str


@dataclass
class Order:
    """Order of a cluster; profiles are names, empty for none."""

    hostname: str
    plan: str
    workers: int
    network_profile: str = ""
    compute_profile: str = ""
    pools: dict[str, int] = field(default_factory=dict)
    """Workers by node pool of the compute profile; empty without pools."""
    tags: list[dict[str, str]] = field(default_factory=list)


@dataclass
class Cluster:
    """One cluster: its order, its last action and its resources."""

    name: str
    uuid: str
    slot: int
    """Number of the cluster in the lab."""
    token: str = field(repr=False)
    """Token of the Kubernetes administrator."""
    order: Order
    action: str
    """``CREATE``, ``UPDATE`` or ``DELETE``."""
    state: str
    description: str
    since: float
    """Start of the action, in seconds since the epoch."""
    serving: bool = False
    """Whether the control plane has started once and must be kept running."""
    nodes_cidr: str = ""
    address: str = ""
    """Floating IP of the Kubernetes API."""
    machines: list[Machine] = field(default_factory=list)

    @property
    def deployment(self) -> str:
        """Name of the BOSH deployment."""
        return f"service-instance_{self.uuid}"

    @property
    def ready(self) -> bool:
        """Whether its API address is shown to users: after the first successful creation."""
        return self.serving and (self.action != "CREATE" or self.state == SUCCEEDED)

    @classmethod
    def load(cls, document: Object) -> Cluster:
        """Creates the cluster from the result of ``asdict``."""
        order, machines = Order(**document.pop("order")), document.pop("machines")
        return cls(order=order, machines=[Machine(**machine) for machine in machines], **document)


@dataclass
class State:
    """Clusters, profiles (both by name) and NSX-T inventory of one foundation."""

    lab: Lab
    inventory: Inventory
    clusters: dict[str, Cluster] = field(default_factory=dict)
    network_profiles: dict[str, Object] = field(default_factory=dict)
    compute_profiles: dict[str, Object] = field(default_factory=dict)

    @classmethod
    def load(cls, lab: Lab) -> State:
        """Loads the stored state, or creates that of a new foundation."""
        file = _file(lab)
        if not file.exists():
            return cls(lab, tile.inventory(lab, options.load(lab)))
        document: dict[str, Any] = json.loads(file.read_text())
        clusters = (Cluster.load(item) for item in document["clusters"])
        return cls(
            lab,
            Inventory.load(document["inventory"]),
            {cluster.name: cluster for cluster in clusters},
            document["network_profiles"],
            document["compute_profiles"],
        )

    def save(self) -> None:
        """Stores the state (mode 0600, because clusters have tokens)."""
        document = {
            "inventory": self.inventory.dump(),
            "clusters": [asdict(cluster) for cluster in self.clusters.values()],
            "network_profiles": self.network_profiles,
            "compute_profiles": self.compute_profiles,
        }
        write_private(_file(self.lab), json.dumps(document).encode())

    def network_parameters(self, profile: str) -> Object:
        """Returns the parameters of a network profile; empty without one."""
        found: Object = self.network_profiles.get(profile, {}).get("parameters", {})
        return found

    def free_slot(self) -> int:
        """Returns the lowest unused slot number."""
        used = {cluster.slot for cluster in self.clusters.values()}
        return next(slot for slot in range(1, 250) if slot not in used)


def _file(lab: Lab) -> Path:
    return lab.path("foundation", "state.json")
