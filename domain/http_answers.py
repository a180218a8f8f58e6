"""What HTTP servers answer: JSON objects, reasons of refusals, and when to try again."""

from __future__ import annotations

from email.utils import parsedate_to_datetime
from typing import Any

from domain.documents import loads

_SHOWN = 1000
"""Characters; the refusal of an admission policy has about 500, with the remedy at its end."""


def json_object(text: str) -> dict[str, Any]:
    """A JSON object; empty for any other text."""
    try:
        value = loads(text or "{}")
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


def reason(text: str) -> str:
    """What a refusal's JSON body gives as its reason; empty for another document."""
    answer = json_object(text)
    words = answer.get("message") or answer.get("error_message") or answer.get("code") or ""
    return " ".join(str(words).split())[:_SHOWN]


def retry_seconds(retry_after: str, now: float) -> float:
    """The header Retry-After, a number of seconds or a date; 0 when it is absent or invalid.

    Args:
        retry_after: Value of the header.
        now: The time, in seconds since the epoch.
    """
    if retry_after.isascii() and retry_after.isdigit():
        return float(retry_after)
    try:
        return max(parsedate_to_datetime(retry_after).timestamp() - now, 0.0)
    except (ValueError, OverflowError):
        return 0.0
