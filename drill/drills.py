"""The four drills: what each breaks, when the cluster has recovered by itself, and how it is undone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol

from drill.snapshot import ClusterVm, Snapshot, counted

Kind = Literal["pod", "worker", "master", "host"]
KINDS: tuple[Kind, ...] = ("pod", "worker", "master", "host")

Arguments = tuple[str, ...]
"""A command and its arguments; empty: none. They are never joined to a line, so no name needs quotes."""


class Actions(Protocol):
    """What a drill does to a cluster."""

    def delete_pod(self, name: str) -> None: ...
    def power(self, names: Sequence[str], *, on: bool) -> None: ...
    def run(self, command: Arguments) -> None: ...


@dataclass(frozen=True)
class Undo:
    """How a break is undone, also by a later run: a command first, then VMs to power on.

    VMs that BOSH has replaced meanwhile do not exist under their old names, and need nothing.
    """

    command: Arguments = ()
    vms: tuple[str, ...] = ()


@dataclass(frozen=True)
class Drill:
    """One thing to break.

    Attributes:
        kind: What it is.
        target: Its name.
        effect: What goes down with it, for the confirmation.
        break_: Breaks it.
        undo: Undoes the break.
        vms: VMs that go down with it.
        pod: UID of the pod that is deleted.
    """

    kind: Kind
    target: str
    effect: str
    break_: Callable[[Actions], None] = field(repr=False, compare=False)
    undo: Undo = field(default_factory=Undo)
    vms: tuple[ClusterVm, ...] = ()
    pod: str = ""

    def missing(self, now: Snapshot, before: Snapshot) -> str:
        """What the cluster has not recovered yet, without any help; empty when it has recovered.

        Rancher has all its pods again, on nodes that live. Kubernetes must have noticed the loss: otherwise
        the pods of the dead node still count as ready. When HA or BOSH brought the VMs back
        first, it need not.
        """
        if now.kubernetes_error:
            return now.kubernetes_error
        if any(pod.uid == self.pod for pod in now.ranchers):
            return f"pod {self.target} still exists"
        noticed = not all(now.nodes.values())
        back = not any(now.problems(before))
        if any(vm.role == "worker" for vm in self.vms) and not noticed and not back:
            return "Kubernetes has not noticed that the node is down"
        return now.missing_ranchers()


@dataclass(frozen=True)
class HostCommands:
    """Commands that take an ESXi host down and bring it up; ``{host}`` in an argument is its name."""

    down: Arguments = ()
    up: Arguments = ()

    def for_host(self, name: str) -> HostCommands:
        """The commands for one host."""
        down, up = (
            tuple(item.replace("{host}", name) for item in command) for command in (self.down, self.up)
        )
        return HostCommands(down, up)


def pod(before: Snapshot) -> Drill:
    """Delete one of Rancher's pods."""
    chosen = before.ranchers[0]
    return Drill(
        "pod",
        chosen.name,
        "this Rancher pod",
        lambda actions: actions.delete_pod(chosen.name),
        pod=chosen.uid,
    )


def vm(kind: Literal["worker", "master"], before: Snapshot) -> Drill:
    """Power off one VM of a role."""
    chosen = min((item for item in before.vms if item.role == kind), key=lambda item: item.name)
    return Drill(
        kind,
        chosen.name,
        f"this {kind} VM, on {chosen.host}",
        lambda actions: actions.power([chosen.name], on=False),
        Undo(vms=(chosen.name,)),
        (chosen,),
    )


def host(name: str, before: Snapshot, commands: HostCommands) -> Drill:
    """Lose an ESXi host: by the commands, or as the cluster sees it, by losing its VMs there at once."""
    lost = tuple(item for item in before.vms if item.host == name)
    names = tuple(item.name for item in lost)
    roles = Counter(item.role for item in lost)
    given = commands.for_host(name)

    def break_(actions: Actions) -> None:
        if given.down:
            actions.run(given.down)
        else:
            actions.power(names, on=False)

    return Drill(
        "host",
        name,
        f"this ESXi host{'' if given.down else ' for the cluster'}, with {counted(roles)}",
        break_,
        Undo(given.up, names),
        lost,
    )


def hosts(before: Snapshot) -> list[str]:
    """The ESXi hosts with VMs of the cluster, those first whose loss takes most of one role."""

    def worst(name: str) -> tuple[int, int, str]:
        roles = Counter(item.role for item in before.vms if item.host == name)
        return (-max(roles.values()), -roles.total(), name)

    return sorted({item.host for item in before.vms}, key=worst)


@dataclass(frozen=True)
class PlannedDrill:
    """A drill whose turn has not come: by then VMs and pods may be others."""

    kind: Kind
    host: str = ""

    def __str__(self) -> str:
        return {"host": f"ESXi host {self.host}", "pod": "a Rancher pod"}.get(self.kind, f"a {self.kind}")

    def drill(self, now: Snapshot, commands: HostCommands) -> Drill:
        """The drill in the cluster as it is now."""
        if self.kind == "pod":
            return pod(now)
        return host(self.host, now, commands) if self.kind == "host" else vm(self.kind, now)


def plan(kinds: Collection[Kind], before: Snapshot, *, all_hosts: bool) -> list[PlannedDrill]:
    """The drills in the article's order: with ``all_hosts`` each host that has VMs of the cluster."""
    chosen = hosts(before)[: None if all_hosts else 1]
    planned: list[PlannedDrill] = []
    for kind in KINDS:
        if kind in kinds:
            planned += (
                [PlannedDrill(kind, name) for name in chosen] if kind == "host" else [PlannedDrill(kind)]
            )
    return planned
