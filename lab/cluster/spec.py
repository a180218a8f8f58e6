"""What a cluster consists of: the order that PKS gives, kept with the cluster for its daemons."""

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
    """What the network profile, or the tile without one, decides about the cluster's network.

    Names and defaults are those of docs-pks 1.5 and 1.19 ``network-profiles-define``.
    """

    pod_ip_block_ids: tuple[str, ...]
    """NSX-T ids of the pod IP blocks, used in this order."""
    fip_pool_ids: tuple[str, ...]
    """NSX-T ids of the floating IP pools, used in this order."""
    pod_subnet_prefix: int = 24
    pod_routable: bool = False
    """Routable pods need no SNAT address."""
    lb_size: LoadBalancerSize = "small"
    single_tier_topology: bool = True
    """Shared Tier-1 (default from PKS 1.7 on); otherwise each namespace has its own Tier-1 router."""
    nsx_lb: bool = True
    """Whether NCP serves Services of type LoadBalancer."""
    nsx_ingress_controller: bool = True
    """Whether NCP keeps an HTTP and an HTTPS virtual server for Ingress objects of its own."""
    max_l4_lb_service: int | None = None
    """Upper limit of Services of type LoadBalancer."""
    l4_lb_auto_scaling: bool = True
    """Whether NCP adds a load balancer when one is full, until the Edge cluster has no room."""
    error_objects: bool = True
    """NSXError objects and error annotations (PKS 1.7 on); before that NCP only wrote logs."""


@dataclass(frozen=True)
class ClusterSpec:
    """One cluster as ordered. ``slot`` is its number in the lab, which chooses internal addresses."""

    uuid: str
    name: str
    slot: int
    api_address: str
    """Floating IP (``127.N.50.x``) on which kube-apiserver itself listens."""
    external_hostname: str
    workers: tuple[Worker, ...]
    network: NetworkSpec
    admin_token: str = dataclasses.field(repr=False)
    port: int = 8443

    @property
    def server(self) -> str:
        """URL of the API by address: the lab has no DNS for the external hostname."""
        return f"https://{self.api_address}:{self.port}"


@dataclass(frozen=True)
class ClusterFiles:
    """Where a cluster keeps its files: ``clusters/<uuid>/`` in the lab's directory."""

    lab: Lab
    uuid: str

    @property
    def directory(self) -> Path:
        return self.lab.path("clusters", self.uuid)

    def path(self, *parts: str) -> Path:
        """A path inside the cluster's directory; its parent directory is made."""
        return self.lab.path("clusters", self.uuid, *parts)

    @property
    def ca(self) -> Path:
        """The cluster's own CA certificate, which a kubeconfig carries."""
        return self.path("pki", "ca.crt")

    def kubeconfig(self, user: str) -> Path:
        """Kubeconfig of ``user`` (mode 0600); ``admin`` is the one for simulators of other parts."""
        return self.path(f"{user}.kubeconfig")

    def daemon(self, component: str) -> str:
        """Name of the cluster's daemon for ``component``."""
        return f"cluster-{self.uuid}-{component}"


def save(lab: Lab, spec: ClusterSpec) -> None:
    """Keep ``spec`` for the daemons of the cluster (``cluster.json``, mode 0600)."""
    text = json.dumps(dataclasses.asdict(spec), indent=2)
    write_private(ClusterFiles(lab, spec.uuid).path("cluster.json"), text.encode())


def load(lab: Lab, uuid: str) -> ClusterSpec:
    """The spec last saved.

    Raises:
        FileNotFoundError: The lab has no such cluster.
    """
    values = json.loads(ClusterFiles(lab, uuid).path("cluster.json").read_text())
    network = values.pop("network")
    for key in ("pod_ip_block_ids", "fip_pool_ids"):
        network[key] = tuple(network[key])
    workers = tuple(Worker(**worker) for worker in values.pop("workers"))
    return ClusterSpec(**values, workers=workers, network=NetworkSpec(**network))
