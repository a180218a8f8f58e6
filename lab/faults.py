"""Fault injection, configured by ``faults.json`` in the lab's directory; without the file, no faults.

The file is read on each use, so editing it starts and ends a fault. It maps parts to faults:

- ``pks-api``, ``uaa``, ``bosh``, ``nsx``: a server of the foundation. ``delay_seconds`` delays the response;
  ``status`` replaces it, with ``after`` once the request has been executed (so the response is lost). Limited
  to the next ``times`` requests (the count restarts when the file changes), to these ``methods``, to paths
  that start with ``path``. ``charts`` supports ``status`` and ``delay_seconds``.
- ``uaa`` also: ``reject`` refuses every login; ``access_seconds`` and ``refresh_seconds`` are the lifetimes
  of new tokens; tokens issued before ``revoked_before`` (seconds since the epoch) are invalid.
- ``rancher``: as for the foundation's servers, and ``local_stuck`` (true or false), whether the cluster
  ``local`` hangs in Provisioning until it is saved (default: true before 2.6); ``leak``, a list of the kinds
  whose namespaces remain after deletion: ``fleet``, ``users``, ``clusters``, ``projects``;
  ``setup_seconds``, the time until a new cluster can be deleted without a leak (default: 0.5).
- ``nodes``: ``offline``: nodes reach no other image registry than the lab's.
- ``dns``: ``rcode`` replaces the response, ``drop`` drops it, ``delay_seconds`` delays it.
- ``create-cluster``, ``update-cluster``, ``delete-cluster``: ``fail_after_seconds`` fails the action after
  that time with the reason ``description``; ``seconds`` is the duration of the action.
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
