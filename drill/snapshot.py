"""What vCenter and Kubernetes report at one moment, and whether everything works. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from domain.placement import plural


def counted(roles: Mapping[str, int], separator: str = " and ") -> str:
    """Numbers of VMs by role in words, such as ``2 masters and 1 worker``."""
    found = sorted(roles.items())
    return separator.join(f"{number} {plural(role) if number > 1 else role}" for role, number in found)


@dataclass(frozen=True)
class ClusterVm:
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
class Snapshot:
    """What vCenter and Kubernetes report.

    Attributes:
        vms: The cluster's VMs.
        nodes: Whether each node is ready.
        ranchers: Rancher's pods, without those that are terminating.
        replicas: Number of pods that Rancher should have.
        controllers: The ingress controller's pods, without those that are terminating.
        kubernetes_error: Why Kubernetes reports nothing; empty when it does.
    """

    vms: tuple[ClusterVm, ...] = ()
    nodes: Mapping[str, bool] = field(default_factory=dict)
    ranchers: tuple[Pod, ...] = ()
    replicas: int = 0
    controllers: tuple[Pod, ...] = ()
    kubernetes_error: str = ""

    def vms_down(self) -> Counter[str]:
        """Number of VMs of each role that do not run."""
        return Counter(vm.role for vm in self.vms if not vm.running)

    def missing_ranchers(self) -> str:
        """What Rancher lacks of its replicas; empty when it has all."""
        ready = sum(pod.ready for pod in self.ranchers)
        if self.replicas and ready >= self.replicas == len(self.ranchers):
            return ""
        return f"{ready} of {self.replicas} Rancher pods are ready"

    def problems(self, before: Snapshot | None = None) -> Iterator[str]:
        """What does not work, or is less than it was before."""
        before = before or self
        for vm in self.vms:
            if not vm.running:
                yield f"{vm.role} {vm.name} on {vm.host} does not run"
        had, has = (Counter(vm.role for vm in snapshot.vms) for snapshot in (before, self))
        for role in had - has:
            yield f"vCenter shows {has[role]} of {had[role]} {plural(role)}"
        if self.kubernetes_error:
            yield self.kubernetes_error
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
