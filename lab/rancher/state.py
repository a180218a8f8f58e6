"""Rancher's state, kept in a private file over restarts of the simulator and of Rancher's pods.

A real Rancher keeps this as objects in the cluster's etcd; removing its chart leaves it there as well.
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
    """Objects by id. Times are seconds since the epoch; a token's secret and a password are digests."""

    install_uuid: str = field(default_factory=lambda: str(uuid.uuid4()))
    created: float = 0.0
    """First start; 0 before it."""
    users: Objects = field(default_factory=dict)
    tokens: Objects = field(default_factory=dict)
    settings: Objects = field(default_factory=dict)
    """Settings that were set: value, when, and the value before."""
    clusters: Objects = field(default_factory=dict)
    registrations: Objects = field(default_factory=dict)
    """Registration tokens of clusters. Their token is readable by any owner, so kept in clear."""
    projects: Objects = field(default_factory=dict)
    bindings: Objects = field(default_factory=dict)
    """Role bindings of all three kinds."""
    preferences: Objects = field(default_factory=dict)
    """By ``<user>/<name>``."""
    cacerts: str | None = None
    """The setting of that name, which each pod sets when it starts; None before the first."""
    webhook: str = ""
    """Version of Rancher whose webhook is installed; empty: none."""
    leaving: dict[str, float] = field(default_factory=dict)
    """Namespaces to delete, and when."""

    @classmethod
    def load(cls, path: Path | None) -> State:
        """The state in ``path``; a new one when there is none."""
        try:
            document = json.loads(path.read_text()) if path else {}
        except FileNotFoundError:
            document = {}
        return cls(**document)

    def save(self, path: Path | None) -> None:
        """Write the state whole or not at all, for nobody else to read."""
        if path:
            write_private(path, json.dumps(dataclasses.asdict(self), indent=1).encode())

    def setting(self, name: str) -> str:
        """The value that was set, or nothing."""
        value: str = self.settings.get(name, {}).get("value", "")
        return value
