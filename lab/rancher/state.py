"""Rancher's state; ``lab.rancher.store`` keeps it in the cluster's API, as a real Rancher does."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from typing import Any

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
    global_roles: Objects = field(default_factory=dict)
    role_templates: Objects = field(default_factory=dict)
    preferences: Objects = field(default_factory=dict)
    """Preferences by ``<user>/<name>``."""
    cacerts: str | None = None
    """The setting cacerts, which each pod sets on start; None before the first."""
    webhook: str = ""
    """Rancher version of the installed webhook; empty if there is none."""
    leaving: dict[str, float] = field(default_factory=dict)
    """Namespaces to delete, with the time."""

    def setting(self, name: str) -> str:
        """Returns the value of a changed setting, or an empty text."""
        value: str = self.settings.get(name, {}).get("value", "")
        return value
