"""The state of the sprawl brake, as the stack's output and the admission policy have it. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

CLOSED = "closed"
"""The mode in which nobody adds clusters."""
MODES = ("open", "fleet-only", CLOSED)
"""Who may add clusters: everybody whose role allows it, the fleet, nobody."""


@dataclass(frozen=True, kw_only=True)
class BrakeState:
    """The state of the brake.

    Attributes:
        mode: One of ``MODES``.
        since: Since when; None: unknown, or never changed.
        reason: Why.
        headroom: What was left then.
    """

    mode: str
    since: datetime | None
    reason: str
    headroom: str

    @classmethod
    def of(cls, document: object) -> BrakeState:
        """The state in a document.

        Raises:
            ValueError: It has no known mode.
        """
        found = document if isinstance(document, Mapping) else {}
        if found.get("mode") not in MODES:
            raise ValueError(f"mode is not {', '.join(MODES[:-1])} or {MODES[-1]} ({found.get('mode')!r})")
        reason, headroom = (" ".join(str(found.get(key) or "").split()) for key in ("reason", "headroom"))
        return cls(mode=str(found["mode"]), since=_time(found.get("since")), reason=reason, headroom=headroom)

    @property
    def closed(self) -> bool:
        """Whether nobody adds clusters."""
        return self.mode == CLOSED

    def __str__(self) -> str:
        """For messages: mode, time and reason."""
        since = f" since {self.since:%Y-%m-%d %H:%M} UTC" if self.since else ""
        return f"{self.mode}{since}" + "".join(f"; {text}" for text in (self.reason, self.headroom) if text)


def _time(text: object) -> datetime | None:
    try:
        return datetime.fromisoformat(str(text)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
