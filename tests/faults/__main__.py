"""``python -m tests.faults``: runs schedules and prints the counts; exit code 1 if one fails."""

from __future__ import annotations

import argparse
import multiprocessing
import os
import sys
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor

from tests.faults.gate import Fault
from tests.faults.schedule import outcome
from tests.faults.world import COMMANDS

_REPORT = 500
_AT_ONCE = 20
"""Schedules that a process takes."""


def main() -> int:
    """Run the schedules of the command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("--seed", type=int, default=1, help="of the first schedule (default: 1)")
    parser.add_argument("--schedules", type=int, default=1000, help="how many (default: 1000)")
    parser.add_argument("--slow", action="store_true", help="kill the real engine in a lab instead")
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="processes (default: one a core)")
    given = parser.parse_args()
    if given.slow:
        return _slow(given.seed, given.schedules)
    tally = Tally()
    seeds = range(given.seed, given.seed + given.schedules)
    fresh = multiprocessing.get_context("spawn")  # each process has a folder of its own
    with ProcessPoolExecutor(min(given.jobs, given.schedules), fresh) as processes:
        for taken, wrong, report in processes.map(outcome, seeds, chunksize=_AT_ONCE):
            tally.add(taken, wrong)
            if report:
                print(report, flush=True)
            if tally.counts["schedules"] % _REPORT == 0:
                print(tally, flush=True)
    print(tally)
    return int(tally.counts["converged"] != given.schedules)


def _slow(seed: int, count: int) -> int:
    from tests.faults import slow  # noqa: PLC0415 - it needs the lab's tools

    converged = kills = orphans = hands = 0
    start = time.monotonic()
    with slow.site() as site:
        for number in range(seed, seed + count):
            kill = slow.Kill.drawn(number)
            killed, wrong = slow.run(site, f"faults{number}", kill)
            kills, converged = kills + killed, converged + (not wrong)
            orphans += any("leaves" in text or "times" in text for text in wrong)
            hands += any("needs hands" in text for text in wrong)
            print(f"seed {number}: {kill}: {'; '.join(wrong) or 'converged'}", flush=True)
            if wrong:
                print(f"  repeat: python -m tests.faults --slow --seed {number} --schedules 1", flush=True)
    print(
        f"{count} schedules, {kills} kills: {converged} converged, {orphans} orphans, {hands} needed hands; "
        f"{time.monotonic() - start:.0f} s"
    )
    return int(converged != count)


class Tally:
    """Counts what schedules do."""

    def __init__(self) -> None:
        """Begin with none."""
        self.counts, self.kinds, self.start = Counter[str](), set[tuple[str, str]](), time.monotonic()
        self.killed: set[str] = set()

    def add(self, taken: list[Fault], wrong: list[str]) -> None:
        """A schedule has run: the faults that happened, and what is wrong."""
        self.counts["schedules"] += 1
        self.counts["faults"] += len(taken)
        self.counts["kills"] += sum(fault.kind.startswith("killed") for fault in taken)
        self.kinds |= {(fault.command, fault.kind) for fault in taken}
        self.killed |= {fault.command for fault in taken if fault.kind.startswith("killed")}
        self.counts["converged"] += not wrong
        self.counts["orphans"] += any("leaves" in text or " after up" in text for text in wrong)
        self.counts["hands"] += any("needs hands" in text for text in wrong)

    def __str__(self) -> str:
        """The counts so far."""
        counts = self.counts
        return (
            f"{counts['schedules']} schedules, {counts['faults']} faults ({len(self.kinds)} distinct), "
            f"{counts['kills']} kills, at {len(self.killed)} of {len(COMMANDS)} calls: "
            f"{counts['converged']} converged, {counts['orphans']} orphans, {counts['hands']} needed hands; "
            f"{time.monotonic() - self.start:.0f} s"
        )


if __name__ == "__main__":
    sys.exit(main())
