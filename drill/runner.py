"""Carries a drill out: polls, breaks, waits for the environment to make it good, restores, judges."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Protocol

from components.runtime.errors import ProviderError
from domain.placement import ROLES
from drill.drills import Drill, Hands, Undo
from drill.note import Note
from drill.polling import Poller
from drill.statistics import Statistics, statistics
from drill.view import View

Say = Callable[[str], None]


class Place(Hands, Protocol):
    """What is drilled: ``drill.live.Live``, or a double in tests."""

    def look(self) -> View: ...
    def ask_rancher(self) -> None: ...
    def ask_kubernetes(self) -> None: ...


@dataclass(frozen=True)
class Limits:
    """What is allowed, in seconds.

    Attributes:
        max_gap: Longest gap of Rancher, and of the Kubernetes API.
        recovery: Time to make a loss good, and as much again to be whole once it is restored.
        settle: How long no request may fail before a service counts as back.
        interval: From one request to Rancher to the next.
        kubernetes_interval: From one request to the Kubernetes API to the next.
        pause: From one look at the environment to the next.
    """

    max_gap: float = 30.0
    recovery: float = 900.0
    settle: float = 5.0
    interval: float = 0.25
    kubernetes_interval: float = 1.0
    pause: float = 1.0


@dataclass(frozen=True)
class Result:
    """What a drill showed.

    Attributes:
        kind: Kind of drill.
        target: What was broken.
        down: Most VMs of each role that were down at once.
        rancher: Rancher, as its users saw it.
        kubernetes: The Kubernetes API.
        repaired: Seconds until the loss was made good without help; None: not in time.
        replaced: VMs that are gone: BOSH has made others in their place, which a DRS rule does not hold yet.
        failures: Why the drill failed; empty when it passed.
    """

    kind: str
    target: str
    down: Counter[str]
    rancher: Statistics
    kubernetes: Statistics
    repaired: float | None
    replaced: tuple[str, ...] = ()
    failures: tuple[str, ...] = ()


@dataclass
class Run:
    """One drill under way."""

    drill: Drill
    place: Place
    note: Note
    limits: Limits
    say: Say
    down: Counter[str] = field(default_factory=Counter)
    problems: list[str] = field(default_factory=list)
    replaced: tuple[str, ...] = ()

    def perform(self) -> Result:
        """Carry it out; what was broken is restored whatever happens.

        Raises:
            ProviderError: It could not be broken or not be restored.
            KeyboardInterrupt: After restoring.
        """
        before = self.place.look()
        with ExitStack() as polling:
            limits = self.limits
            rancher = polling.enter_context(Poller(self.place.ask_rancher, limits.interval))
            kubernetes = polling.enter_context(Poller(self.place.ask_kubernetes, limits.kubernetes_interval))
            pollers = (rancher, kubernetes)
            began_at = time.monotonic()
            if state := wait(lambda: _unquiet(pollers, self.limits.settle, began_at), self.limits):
                raise ProviderError(f"nothing was broken, for the services do not answer steadily: {state}")
            self.note.write(f"{self.drill.kind} {self.drill.target}", self.drill.undo)
            broken_at = time.monotonic()
            repaired: float | None = None
            try:
                self.drill.break_(self.place)
                self.say(f"  {self.drill.kind} {self.drill.target} is down")
                if state := wait(lambda: self._missing(before, pollers, broken_at), self.limits):
                    self.problems.append(f"not made good in {self.limits.recovery:g} s without help: {state}")
                else:
                    repaired = time.monotonic() - broken_at
            finally:
                self._restore(before, pollers)
            until = time.monotonic()
        return self._result(
            statistics(rancher.requests, broken_at, until),
            statistics(kubernetes.requests, broken_at, until),
            repaired,
        )

    def _missing(self, before: View, pollers: tuple[Poller, ...], broken_at: float) -> str:
        now = self.place.look()
        self.down |= now.machines_down()
        return self.drill.missing(now, before) or _unquiet(pollers, self.limits.settle, broken_at)

    def _restore(self, before: View, pollers: tuple[Poller, ...]) -> None:
        self.say("  restoring")
        problem = restore(self.drill.undo, self.place, self.limits, lambda now: now.problems(before))
        if problem:
            self.problems.append(f"not whole {self.limits.recovery:g} s after it was restored: {problem}")
            return
        self.note.clear()
        kept = {machine.name for machine in self.place.look().machines}
        self.replaced = tuple(machine.name for machine in before.machines if machine.name not in kept)
        restored_at = time.monotonic()
        wait(lambda: _unquiet(pollers, self.limits.settle, restored_at), self.limits)

    def _result(self, rancher: Statistics, kubernetes: Statistics, repaired: float | None) -> Result:
        return Result(
            self.drill.kind,
            self.drill.target,
            self.down,
            rancher,
            kubernetes,
            repaired,
            self.replaced,
            (*self.problems, *judge(self.down, rancher, kubernetes, self.limits.max_gap)),
        )


def restore(
    undo: Undo, place: Place, limits: Limits, problems: Callable[[View], Iterator[str]] = View.problems
) -> str:
    """Restore what was broken and wait until the environment is whole; what is still missing, or nothing.

    Raises:
        ProviderError: The command that restores it failed.
    """
    if undo.command:
        place.run(undo.command)

    def missing() -> str:
        if undo.machines:
            place.power(undo.machines, on=True)
        return next(problems(place.look()), "")

    return wait(missing, limits)


def wait(missing: Callable[[], str], limits: Limits) -> str:
    """Ask what is missing until it is nothing or the time for recovery is over; what it was at last."""
    deadline = time.monotonic() + limits.recovery
    while True:
        try:
            state = missing()
        except ProviderError as error:
            state = str(error)
        if not state or time.monotonic() > deadline:
            return state
        time.sleep(limits.pause)


def judge(down: Counter[str], rancher: Statistics, kubernetes: Statistics, max_gap: float) -> Iterator[str]:
    """Why a drill failed."""
    for name, service in (("Rancher", rancher), ("the Kubernetes API", kubernetes)):
        if service.longest_gap > max_gap:
            yield f"{name} gave no answer for {service.longest_gap:.1f} s, more than {max_gap:g} s"
        if service.recovery is None:
            yield f"{name} did not come back: {service.errors[0]}"
    for role, number in sorted(down.items()):
        if number > 1 and role in ROLES:
            yield f"{number} {ROLES[role]} were down at once: they are not kept on different hosts"


def _unquiet(pollers: tuple[Poller, ...], seconds: float, since: float) -> str:
    """What is not answered well; empty when everything was for so many seconds."""
    for poller in pollers:
        if not poller.quiet(seconds, since):
            return poller.last_error or "no request was answered yet"
    return ""
