"""Every parser of what others write: its samples, and how it may refuse an input."""

from __future__ import annotations

from tests.fuzz import files, outputs, servers
from tests.fuzz.running import Target

TARGETS: dict[str, Target] = {
    target.name: target for target in (*outputs.TARGETS, *files.TARGETS, *servers.TARGETS)
}
