"""What is seen of the environment at one moment, and whether it is whole. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from domain.placement import plural


def counted(roles: Mapping[str, int]) -> str:
    """Numbers of VMs by role in words, such as ``2 masters and 1 worker``."""
    found = sorted(roles.items())
    return " and ".join(f"{number} {plural(role) if number > 1 else role}" for role, number in found)


@dataclass(frozen=True)
class Machine:
    """A VM of the cluster: its name (BOSH's CID), its role, its ESXi host, and whether it runs there.

    VMs without a role, such as those of Windows pools, have their instance group as role.
    """

    name: str
    role: str
    host: str
    running: bool = True


@dataclass(frozen=True)
class Pod:
    """A pod, and whether it is ready."""

    name: str
    uid: str
    ready: bool = True


@dataclass(frozen=True)
class View:
    """What vCenter and Kubernetes say.

    Attributes:
        machines: The cluster's VMs.
        nodes: Whether each node is ready.
        ranchers: Rancher's pods, without those on their way out.
        replicas: How many there are to be.
        controllers: The ingress controller's pods, likewise.
        trouble: Why Kubernetes says nothing; empty when it does.
    """

    machines: tuple[Machine, ...] = ()
    nodes: Mapping[str, bool] = field(default_factory=dict)
    ranchers: tuple[Pod, ...] = ()
    replicas: int = 0
    controllers: tuple[Pod, ...] = ()
    trouble: str = ""

    def machines_down(self) -> Counter[str]:
        """How many VMs of each role do not run."""
        return Counter(machine.role for machine in self.machines if not machine.running)

    def missing_ranchers(self) -> str:
        """What Rancher lacks of its replicas; empty when it has all."""
        ready = sum(pod.ready for pod in self.ranchers)
        if self.replicas and ready >= self.replicas == len(self.ranchers):
            return ""
        return f"{ready} of {self.replicas} Rancher pods are ready"

    def problems(self, before: View | None = None) -> Iterator[str]:
        """What is not whole, or less than it was before."""
        before = before or self
        for machine in self.machines:
            if not machine.running:
                yield f"{machine.role} {machine.name} on {machine.host} does not run"
        had, has = (Counter(machine.role for machine in view.machines) for view in (before, self))
        for role in had - has:
            yield f"vCenter shows {has[role]} of {had[role]} {plural(role)}"
        if self.trouble:
            yield self.trouble
            return
        yield from (f"node {name} is not ready" for name, ready in self.nodes.items() if not ready)
        if missing := self.missing_ranchers():
            yield missing
        yield from (f"ingress pod {pod.name} is not ready" for pod in self.controllers if not pod.ready)
        for what, now, then in (
            ("nodes", self.nodes, before.nodes),
            ("ingress pods", self.controllers, before.controllers),
        ):
            if len(now) < len(then):
                yield f"there are {len(now)} of {len(then)} {what}"
