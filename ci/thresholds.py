"""Selects a stack's policy config, ``policy/config.<stack>.json``, and reads it as the engine does."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import yaml

from ci import stacks
from ci.problem import StepError

_SERVER = "rancher-fleet:serverStack"
_POLICY = "pod-network"


def thresholds(stack: str, settings: Path) -> Path | None:
    """The policy config of a stack, of a fleet that of its server; None: the pack's own defaults.

    Args:
        stack: The stack.
        settings: Its file.
    """
    environment = _server(settings) if stacks.is_fleet(stack) else stack
    file = Path("policy", f"config.{environment}.json")
    return file if file.exists() else None


def reserve_percent(file: Path | None, default: int) -> int:
    """The reserve that the policies keep, in percent of each limit.

    Args:
        file: The policy config. A policy may have its level alone (``"pod-network": "advisory"``), and an
            empty file is one without settings.
        default: The pack's own reserve.

    Raises:
        StepError: The file cannot be read, or the reserve is not a number from 0 to 100.
    """
    if file is None:
        return default
    try:
        document: Any = json.loads(file.read_text() or "{}")
    except (OSError, ValueError) as error:
        raise StepError(f"{file}: is not JSON ({error}). Correct it") from None
    policy = document.get(_POLICY) if isinstance(document, dict) else None
    if not isinstance(policy, dict) or policy.get("reservePercent") is None:
        return default
    reserve = policy["reservePercent"]
    if isinstance(reserve, bool) or not isinstance(reserve, int | float) or not 0 <= reserve <= 100:
        raise StepError(
            f"{file}: {_POLICY}.reservePercent must be a number from 0 to 100 "
            f"({json.dumps(reserve)}). Correct it"
        )
    return int(reserve)


def _server(settings: Path) -> str:
    """Environment of the server that a fleet's file names; empty when it names none."""
    try:
        document: Any = yaml.safe_load(settings.read_text())
        server = document["config"][_SERVER]
    except (OSError, UnicodeDecodeError, yaml.YAMLError, TypeError, KeyError):
        return ""  # the engine, or the program, reports what is wrong with it
    return str(server).rpartition("/")[2]
