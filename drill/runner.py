"""Performs a drill: sends requests, breaks, waits until the cluster has recovered, restores, judges."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Protocol

from components.runtime import waiting
from components.runtime.errors import ProviderError
from domain.placement import ROLES
from drill.drills import Actions, Drill, Undo
from drill.note import Note
from drill.polling import Poller
from drill.snapshot import Snapshot
from drill.statistics import Statistics, statistics

Progress = Callable[[str], None]
"""Shows a line to the operator."""


class Cluster(Actions, Protocol):
    """The cluster that is drilled: ``drill.live_cluster.LiveCluster``, or a fake in tests."""

    def snapshot(self) -> Snapshot: ...
    def check_rancher(self) -> None: ...
    def check_kubernetes(self) -> None: ...


@dataclass(frozen=True)
class Limits:
    """Times in seconds.

    Attributes:
        max_gap: Longest time without an answer from Rancher, and from the Kubernetes API.
        recovery: Longest time until the cluster has recovered by itself, and again until it is restored.
        settle: How long no request may fail before a service counts as recovered.
        interval: From one request to Rancher to the next.
        kubernetes_interval: From one request to the Kubernetes API to the next.
        pause: From one snapshot of the cluster to the next.
    """

    max_gap: float = 30.0
    recovery: float = 900.0
    settle: float = 5.0
    interval: float = 0.25
    kubernetes_interval: float = 1.0
    pause: float = 1.0


_SIGN_OF_LIFE = 10.0
"""Seconds after which a wait says that it still waits for the same."""


@dataclass(frozen=True)
class Result:
    """The result of a drill.

    Attributes:
        kind: Kind of drill.
        target: What was broken.
        down: Most VMs of each role that were down at once.
        rancher: Rancher, as its users saw it.
        kubernetes: The Kubernetes API.
        repaired: Seconds until the cluster had recovered by itself; None: it had not, in time.
        replaced: VMs that BOSH has replaced; no DRS rule holds the new ones yet.
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
    """One drill that is performed."""

    drill: Drill
    cluster: Cluster
    note: Note
    limits: Limits
    progress: Progress
    down: Counter[str] = field(default_factory=Counter)
    problems: list[str] = field(default_factory=list)
    replaced: tuple[str, ...] = ()

    def perform(self) -> Result:
        """Perform it; the break is undone in any case.

        Raises:
            ProviderError: The break, or its undoing, failed.
            KeyboardInterrupt: After undoing the break.
        """
        before, limits = self.cluster.snapshot(), self.limits
        with polled(self.cluster, limits) as pollers:
            if state := steady(pollers, limits):
                raise ProviderError(f"nothing was broken: the services do not answer steadily: {state}")
            self.note.write(f"{self.drill.kind} {self.drill.target}", self.drill.undo)
            broken_at = time.monotonic()
            try:
                repaired = self._break(before, pollers, broken_at)
            finally:
                self._restore(before, pollers)
            until = time.monotonic()
        # What failed before the services were steady is not this drill's doing.
        since = broken_at - limits.settle
        rancher, kubernetes = (
            statistics([item for item in poller.requests if item.start >= since], broken_at, until)
            for poller in pollers
        )
        return self._result(rancher, kubernetes, repaired)

    def _break(self, before: Snapshot, pollers: tuple[Poller, ...], broken_at: float) -> float | None:
        """Break it; returns the seconds until the cluster has recovered by itself."""
        self.drill.break_(self.cluster)
        self.progress(f"  {self.drill.kind} {self.drill.target} is down")
        if state := wait(lambda: self._missing(before, pollers, broken_at), self.limits, self.progress):
            self.problems.append(f"no recovery in {self.limits.recovery:g} s without help: {state}")
            return None
        return time.monotonic() - broken_at

    def _missing(self, before: Snapshot, pollers: tuple[Poller, ...], broken_at: float) -> str:
        now = self.cluster.snapshot()
        self.down |= now.vms_down()
        return self.drill.missing(now, before) or _unsteady(pollers, self.limits.settle, broken_at)

    def _restore(self, before: Snapshot, pollers: tuple[Poller, ...]) -> None:
        self.progress("  restoring")
        problem = restore(
            self.drill.undo, self.cluster, self.limits, lambda now: now.problems(before), self.progress
        )
        if problem:
            self.problems.append(f"not restored within {self.limits.recovery:g} s: {problem}")
            return
        self.note.clear()
        kept = {vm.name for vm in self.cluster.snapshot().vms}
        self.replaced = tuple(vm.name for vm in before.vms if vm.name not in kept)
        steady(pollers, self.limits)

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
    undo: Undo,
    cluster: Cluster,
    limits: Limits,
    problems: Callable[[Snapshot], Iterator[str]] = Snapshot.problems,
    progress: Progress = lambda _: None,
) -> str:
    """Undo a break and wait until everything works; returns what does not, in the end.

    Raises:
        ProviderError: The command that undoes it failed.
    """
    if undo.command:
        cluster.run(undo.command)

    def missing() -> str:
        if undo.vms:
            cluster.power(undo.vms, on=True)
        return next(problems(cluster.snapshot()), "")

    return wait(missing, limits, progress)


@contextmanager
def polled(cluster: Cluster, limits: Limits) -> Iterator[tuple[Poller, Poller]]:
    """A context in which requests are sent to Rancher and to the Kubernetes API."""
    with (
        Poller(cluster.check_rancher, limits.interval) as rancher,
        Poller(cluster.check_kubernetes, limits.kubernetes_interval) as kubernetes,
    ):
        yield rancher, kubernetes


def steady(pollers: tuple[Poller, ...], limits: Limits) -> str:
    """Wait until no request has failed for ``settle`` seconds; returns why not, in the end."""
    since = time.monotonic()
    return wait(lambda: _unsteady(pollers, limits.settle, since), limits)


def wait(missing: Callable[[], str], limits: Limits, progress: Progress = lambda _: None) -> str:
    """Wait until nothing is missing, or the time for recovery has passed; returns what was missing last.

    What is missing is shown when it changes, and again and again while it does not.
    """
    state, shown = "", ("", float("-inf"))
    start = time.monotonic()

    def poll() -> tuple[str, bool | None]:
        nonlocal state, shown
        try:
            state = missing()
        except ProviderError as error:
            state = str(error)
        now = time.monotonic()
        if state and (state != shown[0] or now - shown[1] >= _SIGN_OF_LIFE):
            shown = (state, now)
            progress(f"    {now - start:3.0f} s  waiting: {state}")
        return state, None if state else True

    pace = waiting.Pace(limits.pause, limits.pause)
    try:
        waiting.wait("the cluster", poll, timeout=limits.recovery, resume="", pace=pace)
    except ProviderError:
        return state
    return ""


def judge(down: Counter[str], rancher: Statistics, kubernetes: Statistics, max_gap: float) -> Iterator[str]:
    """Why a drill failed."""
    for name, service in (("Rancher", rancher), ("the Kubernetes API", kubernetes)):
        if service.longest_gap > max_gap:
            yield f"{name} gave no answer for {service.longest_gap:.1f} s, more than {max_gap:g} s"
        if service.recovery is None:
            yield f"{name} did not recover: {service.errors[0]}"
    for role, number in sorted(down.items()):
        if number > 1 and role in ROLES:
            yield f"{number} {ROLES[role]} were down at once: they are not kept on different hosts"


def _unsteady(pollers: tuple[Poller, ...], seconds: float, since: float) -> str:
    """Why a service is not steady; empty when all were for that many seconds."""
    for poller in pollers:
        if not poller.steady(seconds, since):
            return poller.last_error or "no request has been answered yet"
    return ""
