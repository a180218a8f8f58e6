"""What others have taken of a pod network, read from the NSX-T manager API (read-only).

Paths, fields and paging are those of the NSX-T REST API reference (``List Ip Blocks``, ``List Ip Block
Subnets``, ``List Ip Pools``, ``List Logical Routers``, ``List Virtual Servers``); the auditor role is enough.
"""

from __future__ import annotations

import ipaddress
import ssl
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from capacity.model import Block, Network

if TYPE_CHECKING:
    import httpx

_SECONDS = 10.0
_CLUSTER_TAG = "ncp/cluster"

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
class Reading:
    """What the manager says.

    Attributes:
        network: The given network with what others than the cluster use of it now.
        own_subnets: Pod subnets that the cluster itself has now.
        virtual_servers: Virtual servers that the cluster's load balancer has now.
    """

    network: Network
    own_subnets: int
    virtual_servers: int


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
    """
    import httpx  # noqa: PLC0415 - slow, and only a stack with a manager needs it

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


def _trust(ca_file: str) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=str(Path(ca_file)) if ca_file else None)
    except (OSError, ssl.SSLError) as error:
        raise NsxError(f"nsxCaCertificateFile {ca_file}: {error}") from None


class _Manager:
    def __init__(self, client: httpx.Client, name: str) -> None:
        self._client = client
        self._name = name

    def list(self, path: str, **query: str) -> list[Object]:
        """All pages of a list."""
        found: list[Object] = []
        cursor = ""
        while True:
            page = self.get(path, **query, **({"cursor": cursor} if cursor else {}))
            found += page.get("results", [])
            cursor = page.get("cursor", "")
            if not cursor:
                return found

    def get(self, path: str, **query: str) -> Any:
        """One object."""
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
    known = {str(block["cidr"]): str(block["id"]) for block in manager.list("pools/ip-blocks")}
    own = 0
    blocks: list[Block] = []
    for block in network.blocks:
        if block.cidr not in known:
            raise NsxError(
                f"NSX-T has no IP block {block.cidr} (it has {', '.join(sorted(known)) or 'none'}); correct "
                "podNetwork.blocks"
            )
        subnets = manager.list("pools/ip-subnets", block_id=known[block.cidr])
        ours = [item for item in subnets if _is_of(item, cluster)]
        others = [item for item in subnets if not _is_of(item, cluster)]
        own += _slots(ours, network.subnet_prefix)
        blocks.append(replace(block, subnets_used=_slots(others, network.subnet_prefix)))
    changes: dict[str, Any] = {"blocks": tuple(blocks)}
    if pools:
        found = [manager.get(f"pools/ip-pools/{pool}") for pool in pools]
        allocations = [item for pool in pools for item in manager.list(f"pools/ip-pools/{pool}/allocations")]
        changes["floating_ips"] = sum(int(pool["pool_usage"]["total_ids"]) for pool in found)
        changes["floating_ips_used"] = _others(allocations, cluster)
    if network.tier1_limit is not None:
        routers = manager.list("logical-routers")
        tier1 = [item for item in routers if item.get("router_type") == "TIER1"]
        changes["tier1_used"] = _others(tier1, cluster)
    if network.segment_limit is not None:
        changes["segments_used"] = _others(manager.list("logical-switches"), cluster)
    servers = manager.list("loadbalancer/virtual-servers") if cluster else []
    return Reading(replace(network, **changes), own, sum(_is_of(item, cluster) for item in servers))


def _is_of(item: Object, cluster: str | None) -> bool:
    """Whether NCP tagged the object with the cluster: by its UUID, or by ``pks-<uuid>``."""
    tags = [tag["tag"] for tag in item.get("tags") or [] if tag["scope"] == _CLUSTER_TAG]
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
