"""The input of the model: a pod network and the clusters planned on it."""

from __future__ import annotations

import ipaddress
import itertools
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import ClassVar, Literal, get_args

from domain.rancher_growth import DEFAULT_ETCD_MB, MOST_ETCD_MB

Topology = Literal["dedicated", "shared"]
"""Tier-1 routers: one per namespace (default up to PKS 1.6) or one per cluster (default since 1.7)."""

LoadBalancerSize = Literal["small", "medium", "large"]

RESERVED_ADDRESSES = 3
"""Addresses of a pod subnet that no pod gets: network, gateway and broadcast (Broadcom KB 387102)."""

SMALLEST_SUBNET = 30
"""Longest prefix of a pod subnet that leaves an address for a pod."""

LARGEST_FIGURE = 10**9
"""Figures above it are typing errors."""

DEFAULT_RESERVE = 10
"""Percent of each limit that the policies keep free by default."""


class CapacityError(Exception):
    """Invalid figures; the message names them and the remedy."""


def camel(name: str) -> str:
    """Name of a field in documents: ``subnet_prefix`` is ``subnetPrefix``."""
    first, *others = name.split("_")
    return first + "".join(word.capitalize() for word in others)


_AS_DOCUMENT = {"alias_generator": camel, "extra": "forbid", "strict": True}
"""Settings of pydantic, which ``capacity.model.figures`` reads and writes plans with."""


@dataclass(frozen=True, kw_only=True)
class Block:
    """An IP block of NSX-T.

    Attributes:
        cidr: Its network.
        subnets_used: Subnets of it that other clusters than those of the plan use.
    """

    __pydantic_config__: ClassVar = _AS_DOCUMENT
    cidr: str
    subnets_used: int = 0

    @property
    def prefix(self) -> int:
        """Length of its prefix."""
        return ipaddress.ip_network(self.cidr).prefixlen

    def subnets(self, prefix: int) -> int:
        """Number of subnets with that prefix that it holds."""
        return 1 << (prefix - self.prefix) if prefix >= self.prefix else 0


@dataclass(frozen=True, kw_only=True)
class Network:
    """The network that the clusters of a plan share. A limit that is None is unknown and not judged.

    Attributes:
        blocks: Pod IP blocks in order of use: the second is used once the first is exhausted.
        subnet_prefix: Prefix of a pod subnet; the same for all clusters on a block.
        topology: Whether each namespace gets a Tier-1 router.
        nat: Whether each namespace takes a floating IP for SNAT; false with routable pods.
        floating_ips: Addresses of the floating IP pools.
        floating_ips_used: Those that others use.
        tier1_limit: Tier-1 routers that this NSX-T version and its edges allow.
        tier1_used: Those of others.
        segment_limit: Segments that this NSX-T version allows.
        segments_used: Those of others.
        node_blocks: Node IP blocks; empty: not judged.
        node_subnet_prefix: Prefix of a node subnet.
        reserve_percent: Share of each limit with namespaces behind it that a plan must leave free.
    """

    __pydantic_config__: ClassVar = _AS_DOCUMENT
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
        """Validate the figures.

        Raises:
            CapacityError: For the first invalid one.
        """
        if not self.blocks:
            raise CapacityError("blocks: empty. Name at least one pod IP block, such as 172.16.0.0/16")
        if self.topology not in get_args(Topology):
            raise CapacityError(f"topology: unknown ({self.topology}). Use dedicated or shared")
        _check_blocks("blocks", self.blocks, "subnetPrefix", self.subnet_prefix)
        _check_blocks("nodeBlocks", self.node_blocks, "nodeSubnetPrefix", self.node_subnet_prefix)
        if not 0 <= self.reserve_percent < 100:
            raise CapacityError(f"reservePercent: out of range ({_shown(self.reserve_percent)}). Use 0 to 99")
        _check_apart([*self.blocks, *self.node_blocks])
        _check_used("floatingIps", self.floating_ips, self.floating_ips_used)
        _check_used("tier1Limit", self.tier1_limit, self.tier1_used)
        _check_used("segmentLimit", self.segment_limit, self.segments_used)

    @property
    def pods_per_subnet(self) -> int:
        """Pods that a pod subnet has addresses for."""
        return (1 << (32 - self.subnet_prefix)) - RESERVED_ADDRESSES


@dataclass(frozen=True, kw_only=True)
class FleetShare:
    """What one of several fleets may take of a Rancher's plan.

    Attributes:
        imported_clusters: Clusters that it imports.
        projects: Projects besides Default and System.
        users: Users that it creates.
    """

    __pydantic_config__: ClassVar = _AS_DOCUMENT
    imported_clusters: int = 0
    projects: int = 0
    users: int = 0

    def __post_init__(self) -> None:
        """Validate the figures.

        Raises:
            CapacityError: For the first invalid one.
        """
        for item in fields(self):
            _check_figure(f"fleetShares.{camel(item.name)}", getattr(self, item.name))


@dataclass(frozen=True, kw_only=True)
class Demand:
    """What one cluster will take.

    Attributes:
        name: Name of the cluster, for messages.
        rancher_version: Version of its Rancher; None: a cluster without Rancher.
        own_namespaces: Namespaces that every cluster has (5 on TKGI: default, kube-system, kube-public,
            kube-node-lease, pks-system).
        imported_clusters: Clusters that this Rancher manages.
        connected: Whether their agents connect (Fleet then creates one namespace more for each).
        projects: Projects besides Default and System, over all clusters.
        users: Users that save a preference, the administrator included.
        applications: Other namespaces of the cluster.
        leaked: Namespaces that a deleted cluster left behind (rancher/fleet#494, #3985).
        imports_per_month: Clusters that are imported each month, if known: for when a limit is met.
        etcd_quota_mb: Size that etcd may have, in MB: its ``quota-backend-bytes``.
        etcd_start_mb: MB that etcd has before the first import.
        crowded: Number of pods of each namespace that outgrows a pod subnet and so takes several.
        load_balancer_services: Services of type LoadBalancer; the ingress controller has one.
        lb_size: Size of the cluster's load balancer.
        users_per_cluster: Users with a membership in an imported cluster, on average.
        users_per_project: Users with a membership in a project, on average.
        fleet_shares: Share of the plan by name of a fleet's stack.
    """

    __pydantic_config__: ClassVar = _AS_DOCUMENT
    name: str = "rancher"
    rancher_version: str | None = None
    own_namespaces: int = 5
    imported_clusters: int = 0
    connected: bool = True
    projects: int = 0
    users: int = 1
    applications: int = 0
    leaked: int = 0
    imports_per_month: int = 0
    etcd_quota_mb: int = DEFAULT_ETCD_MB
    etcd_start_mb: int = 0
    crowded: tuple[int, ...] = ()
    load_balancer_services: int = 1
    lb_size: LoadBalancerSize = "small"
    users_per_cluster: int = 0
    users_per_project: int = 0
    fleet_shares: Mapping[str, FleetShare] = field(default_factory=dict, hash=False)

    def __post_init__(self) -> None:
        """Validate the figures.

        Raises:
            CapacityError: For the first invalid one.
        """
        for key in _COUNTS:
            _check_figure(camel(key), getattr(self, key))
        for pods in self.crowded:
            _check_figure("crowded", pods)
        if self.lb_size not in get_args(LoadBalancerSize):
            raise CapacityError(
                f"lbSize: unknown ({self.lb_size}). Use {', '.join(get_args(LoadBalancerSize))}"
            )
        if self.etcd_quota_mb > MOST_ETCD_MB:
            raise CapacityError(
                f"etcdQuotaMb: larger than {MOST_ETCD_MB} ({self.etcd_quota_mb}), the most that etcd is run "
                f"with. Give {MOST_ETCD_MB} or less"
            )
        if self.imported_clusters and self.rancher_version is None:
            raise CapacityError(
                "importedClusters: set, but rancherVersion is not. Name the version of the Rancher that "
                "imports them"
            )


_COUNTS = (
    *("own_namespaces", "imported_clusters", "projects", "users", "applications", "leaked"),
    *("load_balancer_services", "users_per_cluster", "users_per_project", "imports_per_month"),
    *("etcd_quota_mb", "etcd_start_mb"),
)


@dataclass(frozen=True, kw_only=True)
class Plan:
    """Clusters that share one network. What others use is part of the network."""

    __pydantic_config__: ClassVar = _AS_DOCUMENT
    network: Network
    demands: tuple[Demand, ...] = ()

    def __post_init__(self) -> None:
        """Check that the clusters' names differ.

        Raises:
            CapacityError: Two clusters have the same name.
        """
        seen: set[str] = set()
        for demand in self.demands:
            if demand.name in seen:
                raise CapacityError(f"demands: two clusters have the name {demand.name!r}. Rename one")
            seen.add(demand.name)


def _check_blocks(key: str, blocks: tuple[Block, ...], prefix_key: str, prefix: int) -> None:
    if not 1 <= prefix <= SMALLEST_SUBNET:
        raise CapacityError(f"{prefix_key}: out of range ({_shown(prefix)}). Use 1 to {SMALLEST_SUBNET}")
    for block in blocks:
        try:
            network = ipaddress.ip_network(block.cidr)
        except ValueError as error:
            raise CapacityError(f"{key}: {error}. Give a network such as 172.16.0.0/16") from None
        if network.version != 4:
            raise CapacityError(f"{key}: {block.cidr} is not IPv4, which PKS needs for pods and nodes")
        if network.prefixlen > prefix:
            raise CapacityError(
                f"{key}: {block.cidr} is smaller than one subnet (/{prefix}). Give a larger block or a "
                f"longer {prefix_key}"
            )
        _check_used(f"{key} {block.cidr}", block.subnets(prefix), block.subnets_used)


def _check_apart(blocks: list[Block]) -> None:
    """Sorted by address, two blocks overlap only if two neighbours do."""
    networks = sorted(ipaddress.IPv4Network(block.cidr) for block in blocks)
    for network, following in itertools.pairwise(networks):
        if network.overlaps(following):
            raise CapacityError(f"blocks {network} and {following} overlap. NSX-T refuses such blocks")


def _check_used(key: str, capacity: int | None, used: int) -> None:
    for figure in (used, capacity):
        if figure is not None:
            _check_figure(key, figure)
    if capacity is not None and used > capacity:
        raise CapacityError(f"{key}: {used} are used, but there are only {capacity}. Correct one of the two")


def _shown(figure: int) -> str:
    """A figure for a message, which a typing error must not flood."""
    return str(figure) if abs(figure) <= LARGEST_FIGURE else "a huge number"


def _check_figure(key: str, figure: int) -> None:
    if figure < 0:
        raise CapacityError(f"{key}: negative ({_shown(figure)}). Give 0 or more")
    if figure > LARGEST_FIGURE:
        raise CapacityError(f"{key}: too large (over {LARGEST_FIGURE:,}). Correct the figure")
