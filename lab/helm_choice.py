"""Which Helm installs the charts of a lab: what ``python -m lab up --helm`` changes in the stack's config."""

from __future__ import annotations

from typing import Any

import yaml

from lab.engine import Engine

OLD_CHARTS = {"ingressChart": "nginx-ingress", "ingressChartVersion": "1.41.3", "rancherVersion": "2.2.8"}
"""The article's: Helm v2 reads no chart of today's, Helm 3 reads these too."""

_RELEASE = "kubernetes:helm.sh/v3:Release"


def choose(engine: Engine, helm: str | None, tiller: str | None) -> None:
    """Set Helm (``v2``, ``v3``) and where its Tiller is (``cluster``, ``local``) in the lab's own config.

    What is None stays as it is. To Helm 3 the charts stay too, so that what runs does.

    Raises:
        ValueError: There is no such way from what the lab has now.
    """
    if helm is None and tiller is None:
        return
    document: dict[str, Any] = yaml.safe_load(engine.config_file.read_text())
    config = document["config"]
    before = _get(config, "helmEngine") or "v3"
    after = helm or before
    if tiller and after == "v3":
        raise ValueError("--tiller is for Helm v2: give --helm v2 too")
    if (before, after) == ("v3", "v2") and any(kind == _RELEASE for kind in _kinds(engine)):
        raise ValueError(
            "Helm 3 has installed this lab's charts, and there is no way back to Helm v2. Begin anew "
            "(`make lab-down`), or make a second lab beside it: LAB_HOME=.lab-2 LAB_NET=78 python -m lab up "
            "--helm v2"
        )
    if after == "v2":
        charts = OLD_CHARTS if before == "v3" else {}
        mode = tiller or _get(config, "tillerMode") or "cluster"
        changes: dict[str, str | None] = {"helmEngine": "v2", "tillerMode": mode, **charts}
    else:
        changes = {"helmEngine": None, "tillerMode": None}
    for name, value in changes.items():
        config.pop(_key(name), None)
        if value is not None:
            config[_key(name)] = value
    engine.own_config().write_text(yaml.safe_dump(document, sort_keys=False))


def _kinds(engine: Engine) -> list[str]:
    """The type of each resource in the stack's state."""
    state = engine.json("stack", "export")
    assert isinstance(state, dict)  # noqa: S101 - documented shape
    return [item["type"] for item in state["deployment"].get("resources") or []]


def _get(config: dict[str, Any], name: str) -> str | None:
    return config.get(_key(name))


def _key(name: str) -> str:
    return f"rancher-on-pks:{name}"
