"""Fault injection, configured by ``faults.json`` in the lab's directory; without the file, no faults.

The file is read on each use, so editing it starts and ends a fault. ``docs/lab.md`` has its parts and their
faults. The count of ``times`` restarts when the file changes.
"""

from __future__ import annotations

import json
from typing import Any

from lab.layout import Lab


def fault(lab: Lab, part: str) -> dict[str, Any]:
    """Returns the fault to inject into ``part`` now; empty if there is none."""
    try:
        found: dict[str, Any] = json.loads(lab.faults.read_text()).get(part, {})
    except (FileNotFoundError, ValueError):
        return {}
    return found


class RequestFaults:
    """Faults of one HTTP server's requests, with their counter."""

    def __init__(self, lab: Lab, part: str) -> None:
        self._lab = lab
        self._part = part
        self._version = 0
        self._taken = 0

    def take(self, method: str, path: str) -> dict[str, Any]:
        """Returns the fault for this request and counts it as one of ``times``; empty if there is none."""
        found = fault(self._lab, self._part)
        if not found or method not in found.get("methods", [method]):
            return {}
        if not path.startswith(found.get("path", "/")):
            return {}
        version = self._lab.faults.stat().st_mtime_ns
        if version != self._version:
            self._version, self._taken = version, 0
        if self._taken >= found.get("times", self._taken + 1):
            return {}
        self._taken += 1
        return found
