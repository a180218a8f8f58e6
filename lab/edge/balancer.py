"""Load balancing of connections and requests over pods, some of which may be on VMs that are down.

A VM that is down does not respond, so its clients wait until they time out.

- NSX-T's layer 4 load balancer uses pool members in turn. Its passive monitor disables a member for
  ``timeout`` seconds after ``max_fails`` consecutive connections without an answer to the SYN (NSX-T API,
  ``LbPassiveMonitor``; both are 5). That NCP's pools have such a monitor is invented, because no source
  documents it. If all members are disabled, connections go to any of them.
- nginx tries the next pod when one does not accept a connection: ``proxy-next-upstream: error timeout``,
  after ``proxy-connect-timeout: 5`` seconds, ``proxy-next-upstream-tries: 3`` in all (ingress-nginx,
  ConfigMap). It does not remember failed pods.
"""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field

_MAX_FAILS, _TIMEOUT_SECONDS = 5, 5.0
_CONNECT_SECONDS, _TRIES = 5.0, 3

Down = Callable[[], Collection[str]]
"""Returns the nodes that are down now."""


@dataclass
class _Member:
    fails: int = 0
    aside_until: float = 0.0


@dataclass
class Pool:
    """Members of an NSX-T virtual server, identified by their nodes."""

    clock: Callable[[], float] = time.monotonic
    _members: dict[str, _Member] = field(default_factory=dict)
    _turn: itertools.count[int] = field(default_factory=itertools.count)

    def choose(self, nodes: Sequence[str], down: Collection[str]) -> str | None:
        """Returns the node that gets the next connection; None if there is none."""
        now = self.clock()
        known = {node: self._members.setdefault(node, _Member()) for node in nodes}
        able = [node for node in nodes if known[node].aside_until <= now] or list(nodes)
        if not able:
            return None
        node = able[next(self._turn) % len(able)]
        member = known[node]
        member.fails = member.fails + 1 if node in down else 0
        if member.fails >= _MAX_FAILS:
            member.fails, member.aside_until = 0, now + _TIMEOUT_SECONDS
        return node


@dataclass
class Upstream:
    """How nginx reaches the pods of a Service."""

    down: Down
    connect_seconds: float = _CONNECT_SECONDS
    _turn: itertools.count[int] = field(default_factory=itertools.count)

    async def reach(self, nodes: Sequence[str]) -> bool:
        """Whether a pod on one of these nodes accepts the request; takes the time that nginx would need."""
        first = next(self._turn)
        for number in range(min(_TRIES, len(nodes))):
            if nodes[(first + number) % len(nodes)] not in self.down():
                return True
            await asyncio.sleep(self.connect_seconds)
        return False
