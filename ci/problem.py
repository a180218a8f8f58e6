"""What keeps a step from being done."""

from __future__ import annotations


class StepError(Exception):
    """A step cannot be done; the message says why, and what helps."""
