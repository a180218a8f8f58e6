"""A step of the workflows, run as a workflow runs it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from lab.layout import REPO


def run_step(
    step: str, stack: str, settings: Path, *arguments: str, environment: Mapping[str, str]
) -> tuple[int, str]:
    """Run a step on a stack; returns its exit code and what it printed."""
    inherited = {name: text for name, text in os.environ.items() if not name.startswith("GITHUB_")}
    done = subprocess.run(
        [sys.executable, "-m", "ci", step, *arguments, "--stack", stack, "--config-file", str(settings)],
        cwd=REPO,
        env={**inherited, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert "Traceback" not in done.stdout, done.stdout
    return done.returncode, done.stdout
