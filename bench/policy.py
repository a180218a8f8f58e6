"""Measures the policy pack's run time: previews of a new fleet with and without it.

Part of ``make bench``; run it alone with ``python -m bench.policy``. It needs the engine and the language
host but no lab: the program is the one in ``fleet/``, and a preview does not call Rancher.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bench.standalone import Standalone
from lab.layout import REPO

SIZES = (10, 100, 1000)
AIM = 1.15
"""Target ratio for the largest size, against a preview without a pack."""
_ROUNDS = 3

_RUNTIME = """\
runtime:
  name: python
  options: {{toolchain: pip, virtualenv: {virtualenv}}}
"""
_EMPTY_PACK = """\
from pulumi_policy import EnforcementLevel, PolicyPack, ResourceValidationPolicy

nothing = ResourceValidationPolicy("nothing", "Checks nothing.", lambda args, report: None)
PolicyPack("empty", [nothing], enforcement_level=EnforcementLevel.MANDATORY)
"""
_OUTPUTS: dict[str, Any] = {
    "clusterUuid": "bench",
    "caBundle": "none",
    "vip": "10.50.0.79",
    "rancherUrl": "https://rancher.example.com",
    "rancherToken": "none",
    "podNetwork": {
        "figures": {"network": {"blocks": ["10.0.0.0/9"]}, "demands": [{"rancherVersion": "2.15"}]}
    },
}
"""Outputs of a server with enough capacity; Rancher is never called, because nothing is created."""


def main() -> int:
    """Prints one row per size."""
    print(f"{'preview of a new fleet':<24} {'plain':>8} {'empty pack':>11} {'this pack':>10}", end="")
    print(f" {'/ plain':>8} {'/ empty':>8}   target / plain {AIM} at {SIZES[-1]}")
    for sites, (plain, empty, pack) in measure():
        print(f"{f'{sites} imported clusters':<24} {plain:>7.2f}s {empty:>10.2f}s {pack:>9.2f}s", end="")
        print(f" {pack / plain:>8.2f} {pack / empty:>8.2f}", flush=True)
    return 0


def measure() -> Iterator[tuple[int, tuple[float, ...]]]:
    """Yields the median seconds of a preview for each size: without a pack, with an empty one, with this one.

    The empty pack has one policy without rules and shows what the engine and the SDK cost by themselves.
    """
    with tempfile.TemporaryDirectory(prefix="lab-bench-policy-") as directory:
        root = Path(directory)
        fleet = Standalone(root)
        fleet.serve(**_OUTPUTS)
        empty = root / "empty"
        empty.mkdir()
        (empty / "__main__.py").write_text(_EMPTY_PACK)
        virtualenv = Path(sys.executable).parent.parent
        (empty / "PulumiPolicy.yaml").write_text(_RUNTIME.format(virtualenv=virtualenv))
        packs = (None, empty, REPO / "policy")
        for sites in SIZES:
            labels = {"region": "emea", "owner": "edge"}
            names = (f"site-{number:04}" for number in range(sites))
            fleet.sites([{"name": name, "registrationOnly": True, "labels": labels} for name in names])
            rounds = [[_preview(fleet, pack) for pack in packs] for _ in range(_ROUNDS + 1)]
            yield sites, tuple(statistics.median(times) for times in zip(*rounds[1:], strict=True))


def _preview(fleet: Standalone, pack: Path | None) -> float:
    """Returns the seconds of a preview, run as for a pull request."""
    start = time.monotonic()
    gate = ["--policy-pack", str(pack)] if pack else []
    fleet.pulumi("preview", "--suppress-progress", *gate)
    return time.monotonic() - start


if __name__ == "__main__":
    sys.exit(main())
