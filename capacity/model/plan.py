"""A pod network, what clusters with Rancher will ask of it, and the rules of what that costs.

Sources of the rules: docs-pks ``vsphere-nsxt-cluster-objects``, ``nsxt-prepare-env``, ``network-profiles-*``
of 1.5 and 1.19, Broadcom KB 387102, and the load balancer sizes of the vSphere API reference.
"""

from __future__ import annotations

import ipaddress
import itertools
from dataclasses import dataclass
from typing import Literal, get_args

Topology = Literal["dedicated", "shared"]
"""Tier-1 router: one a namespace (default to PKS 1.6) or one a cluster (default from 1.7)."""

LoadBalancerSize = Literal["small", "medium", "large"]

VIRTUAL_SERVERS: dict[LoadBalancerSize, int] = {"small": 20, "medium": 100, "large": 1000}
"""Virtual servers that a load balancer of each size holds."""

RESERVED_ADDRESSES = 3
"""Of each pod subnet: network, gateway and broadcast (KB 387102: 253 pods in a /24)."""

SMALLEST_SUBNET = 30
"""Longest prefix of a pod subnet that leaves an address for a pod."""


class CapacityError(Exception):
    """Figures that cannot be right; the message names them and the remedy."""


@dataclass(frozen=True, kw_only=True)
class Block:
    """An IP block of NSX-T.

    Attributes:
        cidr: Its network.
        subnets_used: Subnets taken from it by others than the clusters of the plan.
    """

    cidr: str
    subnets_used: int = 0

    @property
    def prefix(self) -> int:
        """Length of its network prefix."""
        return ipaddress.ip_network(self.cidr).prefixlen

    def subnets(self, prefix: int) -> int:
        """Subnets of that prefix length that it holds."""
        return 1 << (prefix - self.prefix) if prefix >= self.prefix else 0


@dataclass(frozen=True, kw_only=True)
class Network:
    """The network that the clusters of a plan share. A limit that is None is not known and not judged.

    Attributes:
        blocks: Pod IP blocks in the order of use: the second is taken from once the first is exhausted.
        subnet_prefix: Prefix length of a pod subnet; the same for all clusters on a block.
        topology: Whether each namespace gets a Tier-1 router of its own.
        nat: Whether each namespace takes a floating IP for its SNAT; false with routable pods.
        floating_ips: Addresses of the floating IP pools.
        floating_ips_used: Those taken by others.
        tier1_limit: Tier-1 routers that the NSX-T version and its edges allow.
        tier1_used: Those of others.
        segment_limit: Segments that the NSX-T version allows.
        segments_used: Those of others.
        node_blocks: Node IP blocks; none: not judged.
        node_subnet_prefix: Prefix length of a node subnet.
        reserve_percent: Share of each limit that imports use up which a plan has to leave free.
    """

    blocks: tuple[Block, ...]
    subnet_prefix: int = 24
    topology: Topology = "shared"
    nat: bool = True
    floating_ips: int | None = None
    floating_ips_used: int = 0
    tier1_limit: int | None = None
    tier1_used: int = 0
    segment_limit: int | None = None
    segments_used: int = 0
    node_blocks: tuple[Block, ...] = ()
    node_subnet_prefix: int = 24
    reserve_percent: int = 0

    def __post_init__(self) -> None:
        """Refuse figures that cannot be.

        Raises:
            CapacityError: With the first of them.
        """
        if not self.blocks:
            raise CapacityError(
                "blocks: none is given; name at least one pod IP block, such as 172.16.0.0/16"
            )
        if self.topology not in get_args(Topology):
            raise CapacityError(f"topology {self.topology!r} must be dedicated or shared")
        _check_blocks("blocks", self.blocks, "subnetPrefix", self.subnet_prefix)
        _check_blocks("nodeBlocks", self.node_blocks, "nodeSubnetPrefix", self.node_subnet_prefix)
        if not 0 <= self.reserve_percent < 100:
            raise CapacityError(f"reservePercent is {self.reserve_percent}; it must be between 0 and 99")
        _check_apart([*self.blocks, *self.node_blocks])
        _check_used("floatingIps", self.floating_ips, self.floating_ips_used)
        _check_used("tier1Limit", self.tier1_limit, self.tier1_used)
        _check_used("segmentLimit", self.segment_limit, self.segments_used)

    @property
    def pods_a_subnet(self) -> int:
        """Pods that one subnet has addresses for."""
        return (1 << (32 - self.subnet_prefix)) - RESERVED_ADDRESSES


@dataclass(frozen=True, kw_only=True)
class Demand:
    """What one cluster will ask for.

    Attributes:
        name: Of the cluster, for messages.
        rancher_version: Version of the Rancher on it; None: a cluster without Rancher.
        own_namespaces: Namespaces that the cluster has by itself (5 on TKGI: default, kube-system,
            kube-public, kube-node-lease, pks-system).
        imported_clusters: Clusters that this Rancher manages.
        connected: Whether their agents connect (Fleet then makes one namespace more for each).
        projects: Projects beyond Default and System of each cluster, over all clusters.
        users: Users that save a preference, the administrator included; the worst case is all of them.
        applications: Other namespaces of the cluster.
        leaked: Namespaces that a deleted cluster left behind (rancher/fleet#494, #3985).
        crowded: The pods of each namespace that has more than a subnet has addresses for: it takes several.
        load_balancer_services: Services of type LoadBalancer; the ingress controller is one.
        lb_size: Size of the cluster's load balancer.
    """

    name: str = "rancher"
    rancher_version: str | None = None
    own_namespaces: int = 5
    imported_clusters: int = 0
    connected: bool = True
    projects: int = 0
    users: int = 1
    applications: int = 0
    leaked: int = 0
    crowded: tuple[int, ...] = ()
    load_balancer_services: int = 1
    lb_size: LoadBalancerSize = "small"

    def __post_init__(self) -> None:
        """Refuse figures that cannot be.

        Raises:
            CapacityError: With the first of them.
        """
        counts = {
            "ownNamespaces": self.own_namespaces,
            "importedClusters": self.imported_clusters,
            "projects": self.projects,
            "users": self.users,
            "applications": self.applications,
            "leaked": self.leaked,
            "loadBalancerServices": self.load_balancer_services,
            "crowded": min(self.crowded, default=0),
        }
        for key, count in counts.items():
            if count < 0:
                raise CapacityError(f"{key} is {count}; it must not be negative")
        if self.lb_size not in VIRTUAL_SERVERS:
            raise CapacityError(f"lbSize {self.lb_size!r} must be one of {', '.join(VIRTUAL_SERVERS)}")
        if self.imported_clusters and self.rancher_version is None:
            raise CapacityError(
                "importedClusters is set, but rancherVersion is not; name the Rancher that imports them"
            )


@dataclass(frozen=True, kw_only=True)
class Plan:
    """Clusters that share one network. Figures of others on the network are part of the network's."""

    network: Network
    demands: tuple[Demand, ...]

    def __post_init__(self) -> None:
        """Refuse clusters that cannot be told apart.

        Raises:
            CapacityError: Two have one name.
        """
        names = [demand.name for demand in self.demands]
        twice = [name for name in names if names.count(name) > 1]
        if twice:
            raise CapacityError(f"demands: two clusters are named {twice[0]!r}; give each a name of its own")


def _check_blocks(key: str, blocks: tuple[Block, ...], prefix_key: str, prefix: int) -> None:
    if not 1 <= prefix <= SMALLEST_SUBNET:
        raise CapacityError(f"{prefix_key} is {prefix}; it must be between 1 and {SMALLEST_SUBNET}")
    for block in blocks:
        try:
            network = ipaddress.ip_network(block.cidr)
        except ValueError as error:
            raise CapacityError(f"{key}: {error}; give a network such as 172.16.0.0/16") from None
        if network.version != 4:
            raise CapacityError(f"{key}: {block.cidr} is not IPv4, which PKS needs for pods and nodes")
        if network.prefixlen > prefix:
            raise CapacityError(
                f"{key}: {block.cidr} is smaller than one subnet (/{prefix}); give a larger block or "
                f"a longer {prefix_key}"
            )
        _check_used(f"{key} {block.cidr}", block.subnets(prefix), block.subnets_used)


def _check_apart(blocks: list[Block]) -> None:
    """Blocks by their first address: two overlap only if two neighbours do."""
    networks = sorted(ipaddress.IPv4Network(block.cidr) for block in blocks)
    for network, following in itertools.pairwise(networks):
        if network.overlaps(following):
            raise CapacityError(f"blocks {network} and {following} overlap; NSX-T refuses such blocks")


def _check_used(what: str, capacity: int | None, used: int) -> None:
    for figure in (used, capacity):
        if figure is not None and figure < 0:
            raise CapacityError(f"{what}: {figure} is given; a figure must not be negative")
    if capacity is not None and used > capacity:
        raise CapacityError(
            f"{what}: {used} are said to be used, but it holds only {capacity}; correct either"
        )
