"""Faults to inject, told by ``faults.json`` in the lab's directory; an absent file means none.

The file is read at each use, so a fault starts and ends with an edit of it. It maps parts to faults:

- ``pks-api``, ``uaa``, ``bosh``, ``nsx``: a server of the foundation. ``delay_seconds`` before the answer;
  ``status`` in place of the answer, with ``after`` set once the request has been carried out (so the answer
  is lost); only for the next ``times`` requests (counted anew when the file changes), for these ``methods``,
  for paths that start with ``path``. ``charts`` knows ``status`` and ``delay_seconds``.
- ``uaa`` besides: ``reject`` refuses every login; ``access_seconds`` and ``refresh_seconds`` are the life of
  new tokens; tokens issued before ``revoked_before`` (seconds since the epoch) are dead.
- ``rancher``: what the foundation's servers know, and ``local_stuck`` (true or false), whether the cluster
  ``local`` hangs in Provisioning until it is saved (by default it does before 2.6); ``leak``, a list of those
  whose namespaces stay after deletion: ``fleet``, ``users``, ``clusters``, ``projects``.
- ``dns``: ``rcode`` in place of the answer, ``drop`` it, ``delay_seconds`` before it.
- ``create-cluster``, ``update-cluster``, ``delete-cluster``: with ``fail_after_seconds`` the action fails
  when it has run so long, for the reason ``description``; ``seconds`` is the time that it takes.
"""

from __future__ import annotations

import json
from typing import Any

from lab.layout import Lab


def fault(lab: Lab, part: str) -> dict[str, Any]:
    """The fault to inject into ``part`` now; empty when there is none."""
    try:
        found: dict[str, Any] = json.loads(lab.faults.read_text()).get(part, {})
    except (FileNotFoundError, ValueError):
        return {}
    return found


class RequestFaults:
    """The faults of one HTTP server's requests, with their count."""

    def __init__(self, lab: Lab, part: str) -> None:
        self._lab = lab
        self._part = part
        self._version = 0
        self._taken = 0

    def take(self, method: str, path: str) -> dict[str, Any]:
        """The fault for this request, which counts as one of its ``times``; empty for none."""
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
