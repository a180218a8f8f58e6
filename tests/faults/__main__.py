"""``python -m tests.faults``: runs schedules and prints the counts; exit code 1 if one fails."""

from __future__ import annotations

import argparse
import logging
import sys
import time
from collections import Counter

from tests.faults.schedule import Schedule, run, shrunk


def main() -> int:
    """Run the schedules of the command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("--seed", type=int, default=1, help="of the first schedule (default: 1)")
    parser.add_argument("--schedules", type=int, default=1000, help="how many (default: 1000)")
    given = parser.parse_args()
    logging.disable(logging.WARNING)
    start, counts, kinds = time.monotonic(), Counter[str](), set()
    for seed in range(given.seed, given.seed + given.schedules):
        schedule = Schedule.drawn(seed)
        world, wrong = run(schedule)
        counts["faults"] += len(world.taken)
        counts["kills"] += sum(fault.kind.startswith("killed") for fault in world.taken)
        kinds |= {(fault.command, fault.kind) for fault in world.taken}
        counts["converged"] += not wrong
        counts["orphans"] += any("leaves" in text or "clusters and" in text for text in wrong)
        counts["hands"] += any("needs hands" in text for text in wrong)
        if wrong:
            least = shrunk(schedule)
            print(f"seed {seed}: {'; '.join(wrong)}\n  {least.operations} with {least.faults}")
            print(f"  repeat: python -m tests.faults --seed {seed} --schedules 1")
    print(
        f"{given.schedules} schedules, {counts['faults']} faults ({len(kinds)} distinct), "
        f"{counts['kills']} kills: "
        f"{counts['converged']} converged, {counts['orphans']} orphans, {counts['hands']} needed hands; "
        f"{time.monotonic() - start:.0f} s"
    )
    return int(counts["converged"] != given.schedules)


if __name__ == "__main__":
    sys.exit(main())
