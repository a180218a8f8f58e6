"""JSON and texts that others write: bounded, and without characters that no file and no terminal takes."""

from __future__ import annotations

import json
import re
from typing import Any

_HALF = re.compile(r"\\u[dD][89a-fA-F]")
"""Half of a character outside the first 65,536. JSON may have it alone, UTF-8 may not."""


def loads(text: str) -> Any:
    """The document in a text; what is half a character becomes a question mark.

    Raises:
        ValueError: It is not JSON, or nested too deeply.
    """
    try:
        value = json.loads(text)
        if _HALF.search(text):
            value = json.loads(printable(json.dumps(value, ensure_ascii=False)))
    except RecursionError:
        raise ValueError("nested too deeply") from None
    return value


def shortened(text: str) -> str:
    """The text for an error message: a tool may print a page, or a megabyte."""
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"


_LONGEST = 2000


def printable(text: str) -> str:
    """The text with a question mark for each half of a character."""
    return text.encode(errors="replace").decode()
