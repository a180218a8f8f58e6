"""State backends side by side: a fleet with its state in files, and in PostgreSQL.

Part of ``make bench``; run it alone with ``python -m bench.backend``. No lab is needed, but Debian's package
``postgresql``; without it nothing is measured.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from bench.standalone import Standalone, StandaloneRancher, running_rancher
from lab import postgres

SITES = int(os.environ.get("BENCH_SITES", "300"))


def main() -> int:
    """Prints one row per backend, in seconds."""
    if postgres.commands() is None:
        print("PostgreSQL is not installed (Debian: apt-get install postgresql)", file=sys.stderr)
        return 1
    os.environ.setdefault("LAB_NET", "79")
    print(f"{f'{SITES} sites, seconds':<24}{'up':>8}{'preview':>9}{'refresh':>9}{'destroy':>9}")
    with postgres.running() as server:
        for name, variables in (("file", {}), ("PostgreSQL", server.environment)):
            with (
                tempfile.TemporaryDirectory(prefix="lab-bench-backend-") as directory,
                running_rancher(Path(directory)) as rancher,
            ):
                cells = _fleet(Path(directory), rancher, variables)
            print(f"{name:<24}{cells[0]:>8.1f}{cells[1]:>9.1f}{cells[2]:>9.1f}{cells[3]:>9.1f}", flush=True)
    return 0


def _fleet(root: Path, rancher: StandaloneRancher, variables: Mapping[str, str]) -> list[float]:
    fleet = Standalone(root, variables)
    fleet.serve(**rancher.outputs())
    fleet.sites([{"name": f"site-{number:04}", "registrationOnly": True} for number in range(SITES)])
    return [
        _timed(lambda: fleet.pulumi("up", "--yes", "--skip-preview")),
        _timed(lambda: fleet.pulumi("preview", "--expect-no-changes")),
        _timed(lambda: fleet.pulumi("refresh", "--yes", "--skip-preview")),
        _timed(lambda: fleet.pulumi("destroy", "--yes", "--skip-preview")),
    ]


def _timed(run: Callable[[], object]) -> float:
    start = time.monotonic()
    run()
    return time.monotonic() - start


if __name__ == "__main__":
    sys.exit(main())
