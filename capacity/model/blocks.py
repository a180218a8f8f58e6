"""Pod IP blocks in other sizes and numbers."""

from __future__ import annotations

import ipaddress
import itertools
from dataclasses import replace

from capacity.model.plan import Block, Network

_MOST_BLOCKS = 64
"""Most further blocks that an advice names before it chooses larger ones; not a limit of NSX-T."""

_PRIVATE = tuple(map(ipaddress.IPv4Network, ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")))
"""Where stand-ins for further blocks come from (RFC 1918)."""


def rescaled(network: Network, prefix: int) -> Network:
    """The network with pod subnets of another prefix.

    What others use stays the same number: a cluster recreated with the prefix takes one subnet per namespace
    as before.

    Raises:
        CapacityError: The blocks have too few subnets with that prefix for the others alone.
    """
    return replace(network, subnet_prefix=prefix)


def further_for(network: Network, *, used: int) -> tuple[Block, ...]:
    """Further pod blocks for that many subnets in all and the reserve; none when there is no room for them.

    They have the size of the last block, or are larger when very many would be needed.
    """
    prefix = network.blocks[-1].prefix
    while (count := _enough(network, used, prefix)) > _MOST_BLOCKS and prefix > 1:
        prefix -= 1
    found = further(network, count, prefix)
    return found if len(found) == count else ()


def _enough(network: Network, used: int, prefix: int) -> int:
    """Number of further blocks of a size that are needed; the reserve is rounded down."""
    capacity = sum(block.subnets(network.subnet_prefix) for block in network.blocks)
    gained = 1 << (network.subnet_prefix - prefix)
    free = 100 - network.reserve_percent
    count = max(
        ((used - 1) * 100 - capacity * free) // (gained * free), 1
    )  # a lower bound, since the reserve is rounded
    while (total := capacity + count * gained) - total * network.reserve_percent // 100 < used:
        count += 1
    return count


def further(network: Network, count: int, prefix: int) -> tuple[Block, ...]:
    """Stand-ins for further blocks that overlap none of the network's; fewer when there is no room."""
    taken = [ipaddress.ip_network(block.cidr) for block in (*network.blocks, *network.node_blocks)]
    free = (
        candidate
        for private in _PRIVATE
        if private.prefixlen <= prefix
        for candidate in private.subnets(new_prefix=prefix)
        if not any(candidate.overlaps(other) for other in taken)
    )
    return tuple(Block(cidr=str(candidate)) for candidate in itertools.islice(free, count))
