"""Specification of a cluster as ordered by PKS, stored with the cluster for its daemons."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from lab.layout import Lab
from lab.pki import write_private

LoadBalancerSize = Literal["small", "medium", "large"]


@dataclass(frozen=True)
class Worker:
    """One worker VM, which is one Kubernetes node."""

    name: str
    """Node name: a GUID, as PKS names nodes."""
    ip: str
    """Address of the VM, the node's InternalIP."""
    vm_cid: str
    """BOSH CID, which is the VM's name in vCenter (``vm-<guid>``)."""
    zone: str = "az1"
    """Availability zone of the VM."""


@dataclass(frozen=True)
class NetworkSpec:
    """Network settings of the cluster, from the network profile or else the tile.

    Names and defaults are those of docs-pks 1.5 and 1.19 ``network-profiles-define``.
    """

    pod_ip_block_ids: tuple[str, ...]
    """NSX-T ids of the pod IP blocks, in the order of use."""
    fip_pool_ids: tuple[str, ...]
    """NSX-T ids of the floating IP pools, in the order of use."""
    pod_subnet_prefix: int = 24
    pod_routable: bool = False
    """Routable pods need no SNAT address."""
    lb_size: LoadBalancerSize = "small"
    single_tier_topology: bool = True
    """Shared Tier-1 (default since PKS 1.7); otherwise each namespace has its own Tier-1 router."""
    nsx_lb: bool = True
    """Whether NCP serves Services of type LoadBalancer."""
    nsx_ingress_controller: bool = True
    """Whether NCP creates HTTP and HTTPS virtual servers for Ingress objects."""
    max_l4_lb_service: int | None = None
    """Maximum number of Services of type LoadBalancer."""
    l4_lb_auto_scaling: bool = True
    """Whether NCP adds a load balancer when one is full, until the Edge cluster is exhausted."""
    error_objects: bool = True
    """Whether NCP writes NSXError objects and error annotations (PKS 1.7 and later) or only logs."""


@dataclass(frozen=True)
class ClusterSpec:
    """One cluster as ordered. ``slot`` is its number in the lab and determines internal addresses."""

    uuid: str
    name: str
    slot: int
    api_address: str
    """Floating IP (``127.N.50.x``) on which kube-apiserver listens directly."""
    external_hostname: str
    workers: tuple[Worker, ...]
    network: NetworkSpec
    admin_token: str = dataclasses.field(repr=False)
    port: int = 8443

    @property
    def server(self) -> str:
        """URL of the API with its IP address, because the external hostname is not in the lab's DNS."""
        return f"https://{self.api_address}:{self.port}"


@dataclass(frozen=True)
class ClusterFiles:
    """Files of a cluster, in ``clusters/<uuid>/`` of the lab's directory."""

    lab: Lab
    uuid: str

    @property
    def directory(self) -> Path:
        return self.lab.path("clusters", self.uuid)

    def path(self, *parts: str) -> Path:
        """Returns a path inside the cluster's directory and creates its parent directory."""
        return self.lab.path("clusters", self.uuid, *parts)

    @property
    def ca(self) -> Path:
        """The cluster's own CA certificate, which is included in kubeconfigs."""
        return self.path("pki", "ca.crt")

    def kubeconfig(self, user: str) -> Path:
        """Kubeconfig of ``user`` (mode 0600); ``admin`` is the one that other simulators use."""
        return self.path(f"{user}.kubeconfig")

    def daemon(self, component: str) -> str:
        """Returns the name of the cluster's daemon for ``component``."""
        return f"cluster-{self.uuid}-{component}"


def save(lab: Lab, spec: ClusterSpec) -> None:
    """Stores ``spec`` for the cluster's daemons (``cluster.json``, mode 0600)."""
    text = json.dumps(dataclasses.asdict(spec), indent=2)
    write_private(ClusterFiles(lab, spec.uuid).path("cluster.json"), text.encode())


def load(lab: Lab, uuid: str) -> ClusterSpec:
    """Returns the stored spec.

    Raises:
        FileNotFoundError: The lab has no such cluster.
    """
    values = json.loads(ClusterFiles(lab, uuid).path("cluster.json").read_text())
    network = values.pop("network")
    for key in ("pod_ip_block_ids", "fip_pool_ids"):
        network[key] = tuple(network[key])
    workers = tuple(Worker(**worker) for worker in values.pop("workers"))
    return ClusterSpec(**values, workers=workers, network=NetworkSpec(**network))
