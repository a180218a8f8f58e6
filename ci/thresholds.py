"""By which of the files ``policy/config.<stack>.json`` a stack is judged."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from ci import stacks

_SERVER = "rancher-fleet:serverStack"


def thresholds(stack: str, settings: Path) -> Path | None:
    """The thresholds of a stack, of a fleet those of its server; None: the pack's own.

    Args:
        stack: The stack.
        settings: Its file.
    """
    environment = _server(settings) if stacks.is_fleet(stack) else stack
    file = Path("policy", f"config.{environment}.json")
    return file if file.exists() else None


def _server(settings: Path) -> str:
    """Environment of the server that a fleet's file names; empty when the file names none."""
    try:
        document: Any = yaml.safe_load(settings.read_text())
        named = document["config"][_SERVER]
    except (OSError, UnicodeDecodeError, yaml.YAMLError, TypeError, KeyError):
        return ""  # the engine, or the program, says what is wrong with it
    return str(named).rpartition("/")[2]
