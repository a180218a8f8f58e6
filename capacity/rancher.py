"""Namespaces that Rancher makes in its own cluster, by release line.

Sources: 2.15 was measured (community edition, Fleet 0.16.0, webhook 0.11.0); its default chart of Turtles
was not part of it and adds two. Earlier lines are read from rancher/rancher and rancher/fleet at the tags.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from capacity.model import CapacityError


@dataclass(frozen=True)
class Namespaces:
    """What a release line makes.

    Attributes:
        since: First version of the line.
        fixed: Namespaces of Rancher itself, ``cattle-system`` and the two projects of ``local`` included.
        registered: More for each imported cluster that is registered: its own and its two projects.
        connected: More once its agent has connected (Fleet's).
        evidence: Where the numbers are from.
    """

    since: tuple[int, int, int]
    fixed: int
    registered: int
    connected: int
    evidence: str


_SOURCE = "read from the source"
LINES = (
    Namespaces((2, 2, 0), 5, 3, 0, _SOURCE),
    Namespaces((2, 4, 0), 6, 3, 0, _SOURCE),
    Namespaces((2, 5, 0), 12, 3, 1, _SOURCE),
    Namespaces((2, 6, 0), 13, 3, 1, _SOURCE),
    Namespaces((2, 7, 18), 14, 3, 1, _SOURCE),
    Namespaces((2, 11, 0), 15, 3, 1, _SOURCE),
    Namespaces((2, 13, 0), 16, 3, 1, _SOURCE),
    Namespaces((2, 15, 0), 14, 3, 1, "measured on 2.15.0"),
)
"""The known lines; a version between two of them counts as the older."""

NEWEST = (2, 15)
"""Newest line that the table knows."""


def namespaces(version: str) -> Namespaces:
    """What the Rancher of a version makes.

    Args:
        version: Such as ``2.8`` or ``v2.15.0``.

    Raises:
        CapacityError: It is no version, older than 2.2, or newer than the table.
    """
    match = re.match(r"v?(\d+)\.(\d+)(?:\.(\d+))?", version)
    if not match:
        raise CapacityError(f"rancherVersion {version!r} is no version; give one such as 2.8.5")
    wanted = int(match[1]), int(match[2]), int(match[3] or 0)
    known = [line for line in LINES if line.since <= wanted]
    if not known or wanted[:2] > NEWEST:
        raise CapacityError(
            f"rancherVersion {version}: nothing is known of its namespaces (known: 2.2 to "
            f"{NEWEST[0]}.{NEWEST[1]}). Measure them, and add the line to capacity/rancher.py"
        )
    return known[-1]
