"""``make bench``: run time of the program, as ratios measured side by side in one run.

- a no-change preview compared with one of an empty Pulumi program;
- a full ``up`` compared with the simulated waits on its critical path;
- a full ``up`` compared with the article's commands run one after the other (``article.sh``).
"""

from __future__ import annotations

import dataclasses
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from lab import bringup, options
from lab.build import build
from lab.engine import Engine, environment
from lab.layout import REPO, Lab
from lab.recipes import HELM

_EMPTY_PROJECT = """\
name: empty
runtime:
  name: python
  options: {{toolchain: pip, virtualenv: {virtualenv}}}
"""
_ROUNDS = 5


def main() -> int:
    """Runs all measurements in a temporary lab and removes it afterwards."""
    os.environ.setdefault("LAB_CLUSTER_SECONDS", "60")
    os.environ.setdefault("LAB_RANCHER_START_SECONDS", "20")
    with tempfile.TemporaryDirectory(prefix="lab-bench-") as directory:
        lab = Lab(Path(directory) / "lab", int(os.environ.get("LAB_NET", "78")))
        try:
            _measure(lab, Path(directory))
        finally:
            bringup.down(lab)
    return 0


def _measure(lab: Lab, directory: Path) -> None:
    engine = bringup.up(lab)
    chosen = options.load(lab)
    waits = chosen.cluster_seconds + chosen.load_balancer_seconds + chosen.rancher_start_seconds
    print(f"simulated waits on the critical path: {waits:.0f} s of {dataclasses.asdict(chosen)}")

    up = _timed(lambda: engine.run("up", "--yes", "--skip-preview"))
    previews, empties = _interleaved(
        lambda: engine.run("preview", "--expect-no-changes"), _empty_preview(engine, directory / "empty")
    )
    engine.run("destroy", "--yes", "--skip-preview")
    build(recipes=[HELM])
    script = _timed(lambda: _article(engine, directory / "article"))

    rows = [
        ("no-change preview / empty program", previews, empties, 1.5),
        ("full up / simulated waits", up, waits, 1.25),
        ("full up / the article's commands", up, script, 0.8),
    ]
    print(f"\n{'measurement':<36} {'this':>8} {'baseline':>8} {'ratio':>6} {'target':>6}")
    for title, this, against, aim in rows:
        print(f"{title:<36} {this:>7.1f}s {against:>7.1f}s {this / against:>6.2f} {aim:>6.2f}")


def _interleaved(first: Callable[[], object], second: Callable[[], object]) -> tuple[float, float]:
    """Returns the medians of both, run alternately so that background load affects both equally."""
    first(), second()
    pairs = [(_timed(first), _timed(second)) for _ in range(_ROUNDS)]
    return statistics.median(a for a, _ in pairs), statistics.median(b for _, b in pairs)


def _empty_preview(engine: Engine, project: Path) -> Callable[[], object]:
    project.mkdir()
    virtualenv = Path(sys.executable).parent.parent
    (project / "Pulumi.yaml").write_text(_EMPTY_PROJECT.format(virtualenv=virtualenv))
    (project / "__main__.py").write_text("import pulumi\n")
    env = {**os.environ, **environment(engine.lab, engine.tools)}
    subprocess.run(
        ["pulumi", "stack", "init", "empty"], cwd=project, env=env, check=True, capture_output=True
    )
    command = ["pulumi", "preview", "--stack", "empty"]
    return lambda: subprocess.run(command, cwd=project, env=env, check=True, capture_output=True)


def _article(engine: Engine, work: Path) -> None:
    work.mkdir()
    env = {**os.environ, **environment(engine.lab, engine.tools), "LAB_CHARTS": engine.lab.chart_repository}
    subprocess.run([str(REPO / "lab" / "article.sh"), str(work)], env=env, check=True, capture_output=True)


def _timed(run: Callable[[], object]) -> float:
    start = time.monotonic()
    run()
    return time.monotonic() - start


if __name__ == "__main__":
    sys.exit(main())
