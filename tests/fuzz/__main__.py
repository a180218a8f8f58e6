"""``python -m tests.fuzz``: hostile input for every parser; exit code 1 if one crashes, hangs or grows.

Each parser reads its share in a process of its own, whose peak of memory is measured.
"""

from __future__ import annotations

import argparse
import json
import logging
import subprocess
import sys
import time

from tests.fuzz.running import MOST_MEBIBYTES, Result, run
from tests.fuzz.targets import TARGETS


def main() -> int:
    """Fuzz the parsers of the command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--count", type=int, default=10_000, help="inputs in all (default: 10000)")
    parser.add_argument("--seed", type=int, default=1, help="of all inputs (default: 1)")
    parser.add_argument("--only", choices=TARGETS, help="this parser alone, in this process")
    parser.add_argument("--first", type=int, default=0, help="number of its first input (default: 0)")
    given = parser.parse_args()
    if given.only:
        logging.disable(logging.CRITICAL)
        print(json.dumps(run(TARGETS[given.only], given.seed, given.first, given.count).__dict__))
        return 0
    shares = [given.count // len(TARGETS) + (n < given.count % len(TARGETS)) for n in range(len(TARGETS))]
    start, results = time.monotonic(), []
    print(
        f"{'parser':<22}{'inputs':>8}{'read':>8}{'refused':>9}{'crashed':>9}{'MiB':>6}{'s':>7}{'slowest':>9}"
    )
    for name, share in zip(TARGETS, shares, strict=True):
        results.append(result := _in_a_process(name, given.seed, share))
        print(
            f"{name:<22}{result.inputs:>8}{result.read:>8}{result.refused:>9}{len(result.failures):>9}"
            f"{result.mebibytes:>6}{result.seconds:>7.1f}{result.slowest:>9.3f}"
        )
        for failure in result.failures[:10]:
            number, text = failure
            print(
                f"  {text}\n    repeat: python -m tests.fuzz --only {name} --seed {given.seed} "
                f"--first {number} --count 1"
            )
        if result.mebibytes > MOST_MEBIBYTES:
            print(f"  more than {MOST_MEBIBYTES} MiB")
    wrong = sum(bool(result.failures) or result.mebibytes > MOST_MEBIBYTES for result in results)
    print(
        f"{sum(result.inputs for result in results)} inputs for {len(results)} parsers: "
        f"{sum(result.read for result in results)} read, {sum(result.refused for result in results)} "
        f"refused, {sum(len(result.failures) for result in results)} crashed; at most "
        f"{max(result.mebibytes for result in results)} MiB; {time.monotonic() - start:.0f} s"
    )
    return int(wrong > 0)


def _in_a_process(name: str, seed: int, count: int) -> Result:
    command = [sys.executable, "-m", "tests.fuzz", "--only", name, "--seed", str(seed), "--count", str(count)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:  # killed, or out of memory
        return Result(
            count, failures=[(0, f"the process ended with {done.returncode}: {done.stderr[-500:]}")]
        )
    return Result(**json.loads(done.stdout.splitlines()[-1]))


if __name__ == "__main__":
    sys.exit(main())
