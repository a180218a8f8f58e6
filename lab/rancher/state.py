"""Rancher's state, kept in a private file across restarts of the simulator and of its pods.

A real Rancher stores it as objects in the cluster's etcd, where it also survives a removal of the chart.
"""

from __future__ import annotations

import dataclasses
import json
import uuid
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lab.pki import write_private

Object = dict[str, Any]
Objects = dict[str, Object]

LOCAL = "local"
"""Id of the cluster that Rancher runs on."""


@dataclass
class State:
    """Objects by id. Times are seconds since the epoch; token secrets and passwords are stored as digests."""

    install_uuid: str = field(default_factory=lambda: str(uuid.uuid4()))
    created: float = 0.0
    """Time of the first start; 0 before it."""
    users: Objects = field(default_factory=dict)
    tokens: Objects = field(default_factory=dict)
    settings: Objects = field(default_factory=dict)
    """Changed settings: value, time, and previous value."""
    clusters: Objects = field(default_factory=dict)
    registrations: Objects = field(default_factory=dict)
    """Registration tokens of clusters. Owners can read the token, so it is stored in clear text."""
    projects: Objects = field(default_factory=dict)
    bindings: Objects = field(default_factory=dict)
    """Role bindings of all three kinds."""
    preferences: Objects = field(default_factory=dict)
    """Preferences by ``<user>/<name>``."""
    cacerts: str | None = None
    """The setting cacerts, which each pod sets on start; None before the first."""
    webhook: str = ""
    """Rancher version of the installed webhook; empty if there is none."""
    leaving: dict[str, float] = field(default_factory=dict)
    """Namespaces to delete, with the time."""

    @classmethod
    def load(cls, path: Path | None) -> State:
        """Loads the state from ``path``; returns a new one if it does not exist."""
        try:
            document = json.loads(path.read_text()) if path else {}
        except FileNotFoundError:
            document = {}
        return cls(**document)

    def save(self, path: Path | None) -> None:
        """Writes the state atomically, readable only by the owner."""
        if path:
            write_private(path, json.dumps(dataclasses.asdict(self), indent=1).encode())

    def setting(self, name: str) -> str:
        """Returns the value of a changed setting, or an empty text."""
        value: str = self.settings.get(name, {}).get("value", "")
        return value
