"""An environment in memory that loses things, refuses, and comes back."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from components.runtime.errors import ProviderError
from drill.drills import Arguments
from drill.snapshot import ClusterVm, Pod, Snapshot

VMS = (
    ClusterVm("vm-m1", "master", "esx-1"),
    ClusterVm("vm-m2", "master", "esx-2"),
    ClusterVm("vm-m3", "master", "esx-3"),
    ClusterVm("vm-w1", "worker", "esx-1"),
    ClusterVm("vm-w2", "worker", "esx-2"),
    ClusterVm("vm-w3", "worker", "esx-3"),
)
TOGETHER = tuple(replace(item, host="esx-1") if item.name in {"vm-m2", "vm-w2"} else item for item in VMS)
"""Two of each role on one host."""


@dataclass
class FakeCluster:
    """A cluster: Kubernetes misses a node at once, and Rancher is whole on the nodes that are left."""

    vms: tuple[ClusterVm, ...] = VMS
    lost_hosts: set[str] = field(default_factory=set)
    calls: list[str] = field(default_factory=list)
    refuse: set[str] = field(default_factory=set)
    """Calls that fail."""
    on_call: Callable[[str], None] = lambda _call: None
    blind: bool = False
    """Whether Kubernetes fails to make anything good."""
    fail_requests: Callable[[FakeCluster], bool] = lambda _cluster: False
    pods: Iterator[int] = field(default_factory=lambda: iter(range(3, 1000)))
    _off: set[str] = field(default_factory=set)
    _ranchers: list[str] = field(default_factory=lambda: ["p0", "p1", "p2"])
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def off(self) -> set[str]:
        """Names of the VMs that do not run."""
        lost = {item.name for item in self.vms if item.host in self.lost_hosts}
        return self._off.intersection(item.name for item in self.vms) | lost

    def snapshot(self) -> Snapshot:
        off = self.off
        nodes = {item.name: item.name not in off for item in self.vms if item.role == "worker"}
        missing = self.blind and bool(off)
        return Snapshot(
            tuple(replace(item, running=item.name not in off) for item in self.vms),
            nodes,
            tuple(Pod(name, name, ready=not missing) for name in self._ranchers),
            3,
            (Pod("nginx-1", "n1"),),
        )

    def check_rancher(self) -> None:
        if self.fail_requests(self):
            raise ProviderError("HTTP: status 503")

    def check_kubernetes(self) -> None:
        masters = [item for item in self.vms if item.role == "master"]
        if 2 * sum(item.name in self.off for item in masters) >= len(masters):
            raise ProviderError("no leader")

    def delete_pod(self, name: str) -> None:
        self._call(f"delete {name}")
        self._ranchers = [pod for pod in self._ranchers if pod != name] + [f"p{next(self.pods)}"]

    def power(self, names: Sequence[str], *, on: bool) -> None:
        if on and not self._off.intersection(names):
            return
        self._call(f"power {'on' if on else 'off'} {' '.join(names)}")
        self._off = self._off.difference(names) if on else self._off.union(names)

    def run(self, command: Arguments) -> None:
        self._call(" ".join(command))
        action, host = command
        (self.lost_hosts.add if action == "lose" else self.lost_hosts.discard)(host)

    def _call(self, call: str) -> None:
        with self._lock:
            self.calls.append(call)
        self.on_call(call)
        if call in self.refuse:
            raise ProviderError(f"refused: {call}")


def until(done: Callable[[], bool]) -> None:
    """Wait for it."""
    deadline = time.monotonic() + 60
    while not done():
        assert time.monotonic() < deadline
        time.sleep(0.005)
