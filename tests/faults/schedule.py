"""A schedule of faults, drawn from a seed, run and judged by an inventory."""

from __future__ import annotations

import logging
import random
from dataclasses import dataclass

from tests.faults import web
from tests.faults.gate import KINDS, Fault
from tests.faults.stack import DESCRIPTION, Stack, configured
from tests.faults.world import COMMANDS, SECRETS, World, leftovers

_TRIES = 8
"""More than a schedule has faults."""


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
            for command, number in [(draw.choice(COMMANDS), draw.randint(1, 4))]
        }
        return cls(
            seed, ("up once", *between, draw.choice(("up", "destroy once")), "destroy"), (*faults.values(),)
        )


def run(schedule: Schedule) -> tuple[World, list[str]]:
    """Run the schedule; returns the world after it, and what is wrong.

    An operation is repeated until it succeeds, as the page says; one with ``once`` is not.
    """
    world = World(schedule.faults)
    stack, wrong, private = Stack(world), [], leftovers()
    for step in schedule.operations:
        operation, _, once = step.partition(" ")
        if operation == "resize":
            stack.workers, operation = stack.workers + 1, "up"
        tries = 1 if once else _TRIES
        done = any(stack.run(operation) for _ in range(tries))
        if not done and not once:
            wrong.append(f"{step} needs hands: {stack.errors[-1]}")
            break
        wrong += _judged(world, stack, operation) if done else []
    if any(secret in text for text in stack.errors for secret in SECRETS):
        wrong.append("a secret is in an error")
    if leftovers() - private:
        wrong.append("private files are left")
    return world, wrong


def _judged(world: World, stack: Stack, operation: str) -> list[str]:
    clusters, profiles = world.pks.clusters, world.pks.state["network_profiles"]
    addresses = world.dns.addresses()
    if operation == "destroy":
        return [f"destroy leaves {item}" for item in (clusters, profiles, addresses) if item]
    if operation != "up":
        return []
    wrong = []
    if len(clusters) != 1 or len(profiles) != 1:
        wrong.append(f"{len(clusters)} clusters and {len(profiles)} profiles after up")
    elif clusters[0]["parameters"]["kubernetes_worker_instances"] != stack.workers:
        wrong.append("the number of workers is not the wanted one")
    if addresses != [web.VIP]:
        wrong.append(f"the name has the addresses {addresses}")
    if len(world.web.tokens(DESCRIPTION)) != 1:
        wrong.append(f"{len(world.web.tokens(DESCRIPTION))} tokens and sessions of the stack in Rancher")
    with world.quiet():
        for name, kind, inputs in stack.wanted():
            id_, outs = stack.state[name]
            if configured(kind).diff(id_, outs, inputs).changes:
                wrong.append(f"the next preview changes {name}")
            if configured(kind).read(id_, outs).outs != {**outs, **inputs}:
                wrong.append(f"a refresh changes {name}")
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


def outcome(seed: int) -> tuple[list[Fault], list[str], str]:
    """Run a seed's schedule: the faults that happened, what is wrong, and a report with the fewest faults."""
    logging.disable(logging.WARNING)
    schedule = Schedule.drawn(seed)
    world, wrong = run(schedule)
    if not wrong:
        return world.taken, wrong, ""
    report = f"seed {seed}: {'; '.join(wrong)}\n  {schedule.operations} with {shrunk(schedule).faults}"
    return world.taken, wrong, f"{report}\n  repeat: python -m tests.faults --seed {seed} --schedules 1"
