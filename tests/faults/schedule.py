"""A schedule of faults, drawn from a seed, run and judged."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import Any

from pulumi.dynamic import Config, ConfigureRequest

from components.pks.cluster import ClusterProvider
from components.pks.network_profile import NetworkProfileProvider
from components.preflight import PreflightProvider
from components.runtime.errors import ProviderError
from components.runtime.provider import Provider
from tests.faults.foundation import KINDS, SECRET, Fault, Foundation, Killed, process

_COMMANDS = (
    *("login", "plans", "network-profiles", "clusters", "cluster", "network-profile"),
    *("create-network-profile", "create-cluster", "update-cluster", "delete-cluster"),
    "delete-network-profile",
)
_TRIES = 8
"""More than a schedule has faults."""
_PROFILE = {"name": "lb-medium", "description": "d", "parameters": {"lb_size": "medium"}}
_SPEC: dict[str, Any] = {
    **{"name": "c", "external_hostname": "c.test", "plan": "rancher", "network_profile": "lb-medium"},
    **{"compute_profile": "", "node_pool_instances": {}},
}


def _resources(workers: int) -> list[tuple[str, type[Provider], dict[str, Any]]]:
    preflight = {
        **{"masters": 3, "workers": 3, "privileged": True, "kubernetes_version": ""},
        "check_kubernetes": True,
    }
    return [
        (
            "foundation",
            PreflightProvider,
            {"foundation": {**_SPEC, **preflight, "network_profile_parameters": _PROFILE["parameters"]}},
        ),
        ("profile", NetworkProfileProvider, dict(_PROFILE)),
        (
            "cluster",
            ClusterProvider,
            {**_SPEC, "workers": workers, "tags": {}, "timeout_minutes": 60},
        ),
    ]


def _configured(kind: type[Provider]) -> Provider:
    provider = kind()
    provider.configure(ConfigureRequest(Config({}, "rancher-on-pks")))
    return provider


@dataclass(frozen=True)
class Schedule:
    """Operations, and the faults that happen meanwhile."""

    seed: int
    operations: tuple[str, ...]
    faults: tuple[Fault, ...]

    @classmethod
    def drawn(cls, seed: int) -> Schedule:
        """The schedule of a seed."""
        draw = random.Random(seed)  # noqa: S311 - repeatable, not secret
        between = [draw.choice(("up", "resize", "refresh", "destroy")) for _ in range(draw.randrange(3))]
        faults = {
            (command, number): Fault(command, number, draw.choice(KINDS))
            for _ in range(draw.randint(1, 5))
            for command, number in [(draw.choice(_COMMANDS), draw.randint(1, 4))]
        }
        return cls(
            seed, ("up once", *between, draw.choice(("up", "destroy once")), "destroy"), (*faults.values(),)
        )


@dataclass
class Stack:
    """What the engine does with the resources, and the state that it keeps."""

    foundation: Foundation
    state: dict[str, tuple[str, dict[str, Any]]] = field(default_factory=dict)
    workers: int = 3
    errors: list[str] = field(default_factory=list)

    def run(self, operation: str) -> bool:
        """Run an operation in a process of its own; whether it succeeded."""
        try:
            with process(self.foundation):
                getattr(self, operation)()
        except (ProviderError, Killed) as error:
            self.errors.append(f"{operation}: {error}")
            return False
        return True

    def up(self) -> None:
        for name, kind, inputs in _resources(self.workers):
            provider, known = _configured(kind), self.state.get(name)
            failures = provider.check(_inputs(known[1], inputs) if known else {}, inputs).failures
            if failures:
                raise ProviderError("; ".join(item.reason for item in failures))
            if known is None:
                made = provider.create(dict(inputs))
                self.state[name] = (made.id, made.outs or {})
            elif provider.diff(known[0], known[1], inputs).changes:
                outs = provider.update(known[0], known[1], inputs).outs
                self.state[name] = (known[0], outs or {})

    def refresh(self) -> None:
        for name, kind, _ in _resources(self.workers):
            if name in self.state:
                read = _configured(kind).read(*self.state[name])
                if read.id:
                    self.state[name] = (read.id, read.outs or {})
                else:
                    del self.state[name]

    def destroy(self) -> None:
        for name, kind, _ in reversed(_resources(self.workers)):
            if name in self.state:
                _configured(kind).delete(*self.state[name])
                del self.state[name]


def _inputs(known: dict[str, Any], inputs: dict[str, Any]) -> dict[str, Any]:
    return {name: known[name] for name in inputs if name in known}


def run(schedule: Schedule) -> tuple[Foundation, list[str]]:
    """Run the schedule; returns the foundation after it, and what is wrong.

    An operation is repeated until it succeeds, as the page says; one with ``once`` is not.
    """
    foundation = Foundation(list(schedule.faults))
    stack, wrong = Stack(foundation), []
    for step in schedule.operations:
        operation, _, once = step.partition(" ")
        if operation == "resize":
            stack.workers, operation = stack.workers + 1, "up"
        tries = 1 if once else _TRIES
        done = any(stack.run(operation) for _ in range(tries))
        if not done and not once:
            wrong.append(f"{step} needs hands: {stack.errors[-1]}")
            break
        wrong += _judged(foundation, stack, operation) if done else []
    if any(SECRET in text for text in stack.errors):
        wrong.append("a secret is in an error")
    return foundation, wrong


def _judged(foundation: Foundation, stack: Stack, operation: str) -> list[str]:
    clusters, profiles = foundation.state["clusters"], foundation.state["network_profiles"]
    if operation == "destroy":
        return [f"destroy leaves {clusters or profiles}"] if clusters or profiles else []
    if operation != "up":
        return []
    wrong = []
    if len(clusters) != 1 or len(profiles) != 1:
        wrong.append(f"{len(clusters)} clusters and {len(profiles)} profiles after up")
    elif clusters[0]["parameters"]["kubernetes_worker_instances"] != stack.workers:
        wrong.append("the number of workers is not the wanted one")
    faults, foundation.faults = foundation.faults, []  # the judge asks in peace
    with process(foundation):
        for name, kind, inputs in _resources(stack.workers):
            id_, outs = stack.state[name]
            if _configured(kind).diff(id_, outs, inputs).changes:
                wrong.append(f"the next preview changes {name}")
            if _configured(kind).read(id_, outs).outs != {**outs, **inputs}:
                wrong.append(f"a refresh changes {name}")
    foundation.faults = faults
    return wrong


def shrunk(schedule: Schedule) -> Schedule:
    """A failing schedule with the fewest faults that still fail."""
    for fault in schedule.faults:
        fewer = Schedule(
            schedule.seed, schedule.operations, tuple(item for item in schedule.faults if item != fault)
        )
        if run(fewer)[1]:
            return shrunk(fewer)
    return schedule
