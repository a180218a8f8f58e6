"""What keeps a command from being done."""

from __future__ import annotations


class AirgapError(Exception):
    """A command cannot be done; the message says why, and what helps."""
