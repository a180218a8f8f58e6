"""Selects the Helm version of a lab: applies ``python -m lab up --helm`` to the stack's config."""

from __future__ import annotations

import yaml

from lab import build
from lab.engine import PREFIX, Engine
from lab.recipes import HELM2

OLD_CHARTS = {"ingressChart": "nginx-ingress", "ingressChartVersion": "1.41.3", "rancherVersion": "2.2.8"}
"""The chart versions of the article: Helm v2 cannot read current charts, Helm 3 reads both."""

_RELEASE = "kubernetes:helm.sh/v3:Release"


def choose(
    engine: Engine, helm: str | None, tiller: str | None, report: build.Report = lambda _: None
) -> None:
    """Sets Helm (``v2``, ``v3``) and Tiller's location (``cluster``, ``local``) in the lab's own config.

    None keeps a value. A move to Helm 3 keeps the chart versions, so the running workloads do not change.

    Raises:
        ValueError: The change is not possible from the current state.
    """
    config = yaml.safe_load(engine.config_file.read_text())["config"]
    before = config.get(f"{PREFIX}helmEngine") or "v3"
    if (helm or before) == "v2":
        prepare(report)
    if helm is None and tiller is None:
        return
    after = helm or before
    if tiller and after == "v3":
        raise ValueError("--tiller needs Helm v2: add --helm v2")
    if (before, after) == ("v3", "v2") and any(kind == _RELEASE for kind in _kinds(engine)):
        raise ValueError(
            "Helm 3 has installed this lab's charts and cannot be replaced by Helm v2. Start over "
            "(`make lab-down`), or start a second lab: LAB_HOME=.lab-2 LAB_NET=78 python -m lab up "
            "--helm v2"
        )
    if after == "v3":
        engine.configure({"helmEngine": None, "tillerMode": None})
    else:
        charts = OLD_CHARTS if before == "v3" else {}
        mode = tiller or config.get(f"{PREFIX}tillerMode") or "cluster"
        engine.configure({"helmEngine": "v2", "tillerMode": mode, **charts})


def prepare(report: build.Report = lambda _: None) -> None:
    """Builds Helm v2, unless it is built: its first call has a time limit."""
    build.build(report, [HELM2])


def _kinds(engine: Engine) -> list[str]:
    """Returns the type of each resource in the stack's state."""
    state = engine.json("stack", "export")
    assert isinstance(state, dict)  # noqa: S101 - documented shape
    return [item["type"] for item in state["deployment"].get("resources") or []]
