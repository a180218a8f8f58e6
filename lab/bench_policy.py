"""What the policy pack costs: previews of a fleet with it against the same previews without it.

Part of ``make bench``; alone: ``python -m lab.bench_policy``. It needs engine and language host, no lab.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from lab import build
from lab.layout import REPO
from lab.recipes import ENGINE, LANGUAGE_HOST

SIZES = (10, 100, 1000)
AIM = 1.15
"""Ratio for the largest size, against a preview without a pack."""
_ROUNDS = 3

_RUNTIME = """\
runtime:
  name: python
  options: {{toolchain: pip, virtualenv: {virtualenv}}}
"""
_PROJECT = f"""\
name: fleet-bench
{_RUNTIME}config:
  sites: {{{{type: integer}}}}
"""
_EMPTY_PACK = """\
from pulumi_policy import EnforcementLevel, PolicyPack, ResourceValidationPolicy

nothing = ResourceValidationPolicy("nothing", "Looks at nothing.", lambda args, report: None)
PolicyPack("empty", [nothing], enforcement_level=EnforcementLevel.MANDATORY)
"""
_RESOURCES = """\
from pulumi import dynamic

class Provider(dynamic.ResourceProvider):
    serialize_as_secret_always = False

    def create(self, props):
        return dynamic.CreateResult("made", props)

    def diff(self, id_, olds, news):
        return dynamic.DiffResult(changes=False)

class PodNetwork(dynamic.Resource, module="capacity", name="PodNetwork"):
    def __init__(self, name, props):
        super().__init__(Provider(), name, props)

class Site(dynamic.Resource, module="fleet", name="Site"):
    def __init__(self, name, props):
        super().__init__(Provider(), name, props)
"""
_PROGRAM = """\
import pulumi
from resources import PodNetwork, Site

sites = pulumi.Config().require_int("sites")
network = {"blocks": [{"cidr": "10.0.0.0/9"}]}
demand = {"rancherVersion": "2.15", "importedClusters": sites}
PodNetwork("capacity", {"figures": {"network": network, "demands": [demand]}})
for index in range(sites):
    labels = {"region": "emea", "site": str(index), "owner": "edge"}
    Site(f"site-{index}", {"cluster_name": f"site-{index}", "labels": labels, "timeout_minutes": 10})
"""


def main() -> int:
    """Print one row a size."""
    print(f"{'preview without changes':<24} {'plain':>8} {'empty pack':>11} {'this pack':>10}", end="")
    print(f" {'/ plain':>8} {'/ empty':>8}   aim / plain {AIM} at {SIZES[-1]}")
    for sites, (plain, empty, pack) in measure():
        print(f"{f'{sites} imported clusters':<24} {plain:>7.2f}s {empty:>10.2f}s {pack:>9.2f}s", end="")
        print(f" {pack / plain:>8.2f} {pack / empty:>8.2f}", flush=True)
    return 0


def measure() -> Iterator[tuple[int, tuple[float, ...]]]:
    """For each size the median seconds of a preview: without a pack, with an empty one, with this one.

    A pack of one policy that looks at nothing shows what the engine and the SDK cost, whatever the rules.
    """
    os.environ["LAB_BUILD_ALL"] = "1"
    built = build.build(recipes=[ENGINE, LANGUAGE_HOST])
    with tempfile.TemporaryDirectory(prefix="lab-bench-policy-") as directory:
        empty = Path(directory) / "empty"
        empty.mkdir()
        (empty / "__main__.py").write_text(_EMPTY_PACK)
        (empty / "PulumiPolicy.yaml").write_text(_RUNTIME.format(virtualenv=_virtualenv()))
        packs = (None, empty, REPO / "policy")
        for sites in SIZES:
            fleet = _Fleet(Path(directory) / str(sites), built.bin, sites)
            fleet.create()
            rounds = [[fleet.preview(pack) for pack in packs] for _ in range(_ROUNDS + 1)]
            yield sites, tuple(statistics.median(times) for times in zip(*rounds[1:], strict=True))


def _virtualenv() -> Path:
    return Path(sys.executable).parent.parent


class _Fleet:
    """A stack with that many sites, in a directory of its own."""

    def __init__(self, root: Path, tools: Path, sites: int) -> None:
        self._project = root / "project"
        self._project.mkdir(parents=True)
        (root / "state").mkdir()
        self._environment = {
            **os.environ,
            "PATH": f"{tools}:{os.environ['PATH']}",
            "PULUMI_HOME": str(root / "home"),
            "PULUMI_BACKEND_URL": f"file://{root / 'state'}",
            "PULUMI_CONFIG_PASSPHRASE": "bench",
            "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
            "PULUMI_SKIP_UPDATE_CHECK": "true",
        }
        (self._project / "Pulumi.yaml").write_text(_PROJECT.format(virtualenv=_virtualenv()))
        (self._project / "resources.py").write_text(_RESOURCES)
        (self._project / "__main__.py").write_text(_PROGRAM)
        self.pulumi("stack", "init", "bench")
        self.pulumi("config", "set", "sites", str(sites))

    def pulumi(self, *arguments: str) -> None:
        """Run a command that has to succeed."""
        command = ["pulumi", *arguments, "--non-interactive"]
        subprocess.run(command, cwd=self._project, env=self._environment, check=True, capture_output=True)

    def create(self) -> None:
        """Make the sites; the state is written once instead of after each of them."""
        self._environment |= {"PULUMI_EXPERIMENTAL": "true", "PULUMI_SKIP_CHECKPOINTS": "true"}
        self.pulumi("up", "--yes", "--skip-preview")

    def preview(self, pack: Path | None) -> float:
        """Seconds of a preview without changes, as it is run for a pull request."""
        start = time.monotonic()
        gate = ["--policy-pack", str(pack)] if pack else []
        self.pulumi("preview", "--expect-no-changes", "--suppress-progress", *gate)
        return time.monotonic() - start


if __name__ == "__main__":
    sys.exit(main())
