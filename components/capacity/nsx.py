"""What is taken of a pod network, read from the NSX-T manager API (read-only).

Paths, fields and paging are those of the NSX-T REST API reference (``List Ip Blocks``, ``List Ip Block
Subnets``, ``List Ip Pools``, ``List Logical Routers``, ``List Load Balancer Services``); the auditor role is
enough. PKS and NCP tag what they make with the cluster's UUID, NCP with ``pks-`` before it
(container-service-extension ``nsxt``); a Tier-1 router that has a SNAT address is tagged with it.
"""

from __future__ import annotations

import ipaddress
import ssl
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from capacity.model.plan import Block, Network

if TYPE_CHECKING:
    import httpx

_SECONDS = 10.0
_ALL_SECONDS = 60.0
_CLUSTER_TAGS = frozenset({"ncp/cluster", "pks/cluster"})
_SNAT_TAG = "ncp/snat_ip"

Object = Mapping[str, Any]


class NsxError(Exception):
    """The manager could not be read; the message says why."""


@dataclass(frozen=True)
class Access:
    """How to reach an NSX-T manager.

    Attributes:
        manager: Host, or host:port.
        username: A user that may list objects.
        password: Its password.
        ca_file: PEM file with the manager's CA; empty: the system's CAs.
    """

    manager: str
    username: str
    password: str = field(repr=False)
    ca_file: str = ""


@dataclass(frozen=True)
class LoadBalancer:
    """A load balancer of the cluster.

    Attributes:
        size: ``small``, ``medium`` or ``large``.
        virtual_servers: Virtual servers that it has now.
    """

    size: str
    virtual_servers: int


@dataclass(frozen=True)
class Reading:
    """What the manager says.

    Attributes:
        network: The given network with what others than the cluster use of it now.
        own_subnets: Pod subnets that the cluster itself has now.
        load_balancers: The cluster's load balancers.
    """

    network: Network
    own_subnets: int = 0
    load_balancers: tuple[LoadBalancer, ...] = ()


def read(access: Access, network: Network, cluster: str | None, pools: Iterable[str] = ()) -> Reading:
    """Read how much of the network is taken.

    Args:
        access: The manager.
        network: The network; its blocks are found by their CIDRs.
        cluster: UUID of the plan's cluster, whose own objects do not count as used by others; None when it
            does not exist yet.
        pools: Ids of the floating IP pools; without any, their figures stay as given.

    Raises:
        NsxError: No answer, no access, or a block or pool that NSX-T does not know.
        CapacityError: More is used than the network's limits allow: the limits are wrong.
    """
    import httpx  # noqa: PLC0415 - slow, and only a stack with a manager needs it

    if "/" in access.manager:
        raise NsxError(f"nsxManager {access.manager}: give the host alone, or host:port")
    try:
        with httpx.Client(
            base_url=f"https://{access.manager}/api/v1/",
            auth=(access.username, access.password),
            verify=_trust(access.ca_file),
            timeout=_SECONDS,
        ) as client:
            return _read(_Manager(client, access.manager), network, cluster, list(pools))
    except (httpx.HTTPError, httpx.InvalidURL, ssl.SSLError) as error:
        raise NsxError(f"NSX-T manager {access.manager}: {error or type(error).__name__}") from None
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        reason = f"{type(error).__name__}: {error}"
        raise NsxError(f"NSX-T manager {access.manager} answers in an unknown form ({reason})") from None


def _trust(ca_file: str) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=str(Path(ca_file)) if ca_file else None)
    except (OSError, ssl.SSLError) as error:
        raise NsxError(f"nsxCaCertificateFile {ca_file}: {error}") from None


class _Manager:
    def __init__(self, client: httpx.Client, name: str) -> None:
        self._client = client
        self._name = name
        self._end = time.monotonic() + _ALL_SECONDS

    def list(self, path: str, **query: str) -> list[Object]:
        """All pages of a list."""
        found: list[Object] = []
        cursor, seen = "", set[str]()
        while True:
            page = self.get(path, **query, **({"cursor": cursor} if cursor else {}))
            found += page["results"]
            seen.add(cursor)
            cursor = page.get("cursor", "")
            if not cursor:
                return found
            if cursor in seen:
                raise NsxError(f"NSX-T manager {self._name}: the pages of {path} go in a circle")

    def get(self, path: str, **query: str) -> Any:
        """One object."""
        if time.monotonic() > self._end:
            raise NsxError(f"NSX-T manager {self._name}: not read after {_ALL_SECONDS:g} seconds, at {path}")
        response = self._client.get(path, params=query)
        if response.status_code in {401, 403}:
            raise NsxError(
                f"NSX-T manager {self._name} refuses the credentials ({response.status_code}); check "
                "nsxUsername and nsxPassword (NSXT_USERNAME, NSXT_PASSWORD); the auditor role is enough"
            )
        if response.status_code >= 300:
            raise NsxError(f"NSX-T manager {self._name}: {path} gave HTTP {response.status_code}")
        try:
            return response.json()
        except ValueError:
            raise NsxError(f"NSX-T manager {self._name}: {path} gave no JSON; is it a manager?") from None


def _read(manager: _Manager, network: Network, cluster: str | None, pools: list[str]) -> Reading:
    known = {str(ipaddress.ip_network(item["cidr"])): item for item in manager.list("pools/ip-blocks")}
    blocks, own = _blocks(manager, known, network.blocks, network.subnet_prefix, cluster)
    changes: dict[str, Any] = {"blocks": blocks}
    changes["node_blocks"], _ = _blocks(
        manager, known, network.node_blocks, network.node_subnet_prefix, cluster
    )
    routers: list[Object] = []
    if network.tier1_limit is not None or (pools and cluster):
        routers = manager.list("logical-routers")
    if pools:
        ours = _own_addresses(manager, routers, cluster) if cluster else set()
        found = [manager.get(f"pools/ip-pools/{pool}") for pool in pools]
        allocations = [item for pool in pools for item in manager.list(f"pools/ip-pools/{pool}/allocations")]
        changes["floating_ips"] = sum(int(pool["pool_usage"]["total_ids"]) for pool in found)
        changes["floating_ips_used"] = sum(
            item["allocation_id"] not in ours and not _is_of(item, cluster) for item in allocations
        )
    if network.tier1_limit is not None:
        changes["tier1_used"] = _others((item for item in routers if item["router_type"] == "TIER1"), cluster)
    if network.segment_limit is not None:
        changes["segments_used"] = _others(manager.list("logical-switches"), cluster)
    services = manager.list("loadbalancer/services") if cluster else []
    balancers = [
        LoadBalancer(str(item["size"]).lower(), len(item.get("virtual_server_ids") or []))
        for item in services
        if _is_of(item, cluster)
    ]
    return Reading(replace(network, **changes), own, tuple(balancers))


def _blocks(
    manager: _Manager,
    known: Mapping[str, Object],
    blocks: Iterable[Block],
    prefix: int,
    cluster: str | None,
) -> tuple[tuple[Block, ...], int]:
    """The blocks with what others use of them, and how many subnets the cluster has in them."""
    read: list[Block] = []
    own = 0
    for block in blocks:
        item = known.get(str(ipaddress.ip_network(block.cidr)))
        if item is None:
            raise NsxError(
                f"NSX-T has no IP block {block.cidr} (it has {', '.join(sorted(known)) or 'none'}); correct "
                "podNetwork"
            )
        subnets = manager.list("pools/ip-subnets", block_id=item["id"])
        own += _slots((subnet for subnet in subnets if _is_of(subnet, cluster)), prefix)
        others = _slots((subnet for subnet in subnets if not _is_of(subnet, cluster)), prefix)
        read.append(replace(block, subnets_used=others))
    return tuple(read), own


def _own_addresses(manager: _Manager, routers: Iterable[Object], cluster: str) -> set[str]:
    """Floating IPs that the cluster's own objects show: NCP need not tag the allocations themselves."""
    servers = manager.list("loadbalancer/virtual-servers")
    addresses = {str(item["ip_address"]) for item in servers if _is_of(item, cluster)}
    tags = [tag for item in routers if _is_of(item, cluster) for tag in item["tags"]]
    return addresses | {str(tag["tag"]) for tag in tags if tag["scope"] == _SNAT_TAG}


def _is_of(item: Object, cluster: str | None) -> bool:
    """Whether the object is tagged with the cluster: with its UUID, or ``pks-<uuid>``."""
    tags = [tag["tag"] for tag in item.get("tags") or [] if tag["scope"] in _CLUSTER_TAGS]
    return cluster is not None and any(tag in {cluster, f"pks-{cluster}"} for tag in tags)


def _others(items: Iterable[Object], cluster: str | None) -> int:
    return sum(not _is_of(item, cluster) for item in items)


def _slots(subnets: Iterable[Object], prefix: int) -> int:
    """How many subnets of ``prefix`` these take, whatever their own sizes."""
    slots = 0
    shared: set[ipaddress.IPv4Network] = set()
    for item in subnets:
        subnet = ipaddress.IPv4Network(item["cidr"])
        if subnet.prefixlen > prefix:
            shared.add(subnet.supernet(new_prefix=prefix))
        else:
            slots += 1 << (prefix - subnet.prefixlen)
    return slots + len(shared)
