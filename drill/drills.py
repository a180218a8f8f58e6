"""The four drills: what each breaks, when its loss is made good, and how it is undone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol

from drill.view import Machine, View, counted

Kind = Literal["pod", "worker", "master", "host"]
KINDS: tuple[Kind, ...] = ("pod", "worker", "master", "host")


class Hands(Protocol):
    """What a drill does to the environment."""

    def delete_pod(self, name: str) -> None: ...
    def power(self, names: Sequence[str], *, on: bool) -> None: ...
    def run(self, command: str) -> None: ...


@dataclass(frozen=True)
class Undo:
    """How what was broken is restored, also by a later run: a command first, then VMs to power on.

    VMs that BOSH has made anew meanwhile are gone by their old names, and need nothing.
    """

    command: str = ""
    machines: tuple[str, ...] = ()


@dataclass(frozen=True)
class Drill:
    """One thing to break.

    Attributes:
        kind: What it is.
        target: Its name.
        breaks: What goes down with it, for the confirmation.
        break_: Breaks it.
        undo: Restores it.
        machines: VMs that go down with it.
        pod: UID of the pod that goes.
    """

    kind: Kind
    target: str
    breaks: str
    break_: Callable[[Hands], None] = field(repr=False, compare=False)
    undo: Undo = field(default_factory=Undo)
    machines: tuple[Machine, ...] = ()
    pod: str = ""

    def missing(self, now: View, before: View) -> str:
        """What the environment has not made good yet, without any help; empty when it has.

        Rancher has all its pods again, on nodes that live. Kubernetes must have noticed: else they were just
        not missed yet. When HA or BOSH brought the VMs back before that, it need not.
        """
        if now.trouble:
            return now.trouble
        if any(pod.uid == self.pod for pod in now.ranchers):
            return f"pod {self.target} is still there"
        noticed = not all(now.nodes.values())
        back = not any(now.problems(before))
        if any(machine.role == "worker" for machine in self.machines) and not noticed and not back:
            return "Kubernetes has not missed the node yet"
        return now.missing_ranchers()


@dataclass(frozen=True)
class HostCommands:
    """Commands that take an ESXi host away and bring it back, ``{host}`` being its name; or none."""

    down: str = ""
    up: str = ""


def pod(view: View) -> Drill:
    """Delete one of Rancher's pods."""
    chosen = view.ranchers[0]
    return Drill(
        "pod", chosen.name, "this Rancher pod", lambda hands: hands.delete_pod(chosen.name), pod=chosen.uid
    )


def machine(kind: Literal["worker", "master"], view: View) -> Drill:
    """Power off one VM of a role."""
    chosen = min((item for item in view.machines if item.role == kind), key=lambda item: item.name)
    return Drill(
        kind,
        chosen.name,
        f"this {kind} VM, on {chosen.host}",
        lambda hands: hands.power([chosen.name], on=False),
        Undo(machines=(chosen.name,)),
        (chosen,),
    )


def host(name: str, view: View, commands: HostCommands) -> Drill:
    """Lose an ESXi host: by the commands, or as the cluster sees it, by losing its VMs there at once."""
    lost = tuple(machine for machine in view.machines if machine.host == name)
    names = tuple(machine.name for machine in lost)
    roles = Counter(machine.role for machine in lost)

    def break_(hands: Hands) -> None:
        if commands.down:
            hands.run(commands.down.replace("{host}", name))
        else:
            hands.power(names, on=False)

    return Drill(
        "host",
        name,
        f"this ESXi host{'' if commands.down else ' for the cluster'}, with {counted(roles)}",
        break_,
        Undo(commands.up.replace("{host}", name), names),
        lost,
    )


def hosts(view: View) -> list[str]:
    """The ESXi hosts with VMs of the cluster, those first whose loss takes most of one role."""

    def worst(name: str) -> tuple[int, int, str]:
        roles = Counter(machine.role for machine in view.machines if machine.host == name)
        return (-max(roles.values()), -roles.total(), name)

    return sorted({machine.host for machine in view.machines}, key=worst)


@dataclass(frozen=True)
class Target:
    """What is drilled in its turn: by then VMs and pods may be others."""

    kind: Kind
    host: str = ""

    def __str__(self) -> str:
        return (
            f"ESXi host {self.host}"
            if self.kind == "host"
            else {"pod": "a Rancher pod"}.get(self.kind, f"a {self.kind}")
        )

    def drill(self, view: View, commands: HostCommands) -> Drill:
        """The drill in the environment as it is now."""
        if self.kind == "pod":
            return pod(view)
        return host(self.host, view, commands) if self.kind == "host" else machine(self.kind, view)


def plan(kinds: Collection[Kind], view: View, *, all_hosts: bool) -> list[Target]:
    """What is drilled, in the order of the article: with ``all_hosts`` every host with VMs of the cluster."""
    chosen = hosts(view)[: None if all_hosts else 1]
    return [
        target
        for kind in KINDS
        if kind in kinds
        for target in ([Target(kind, name) for name in chosen] if kind == "host" else [Target(kind)])
    ]
