"""JSON and texts that others write: bounded, and without characters that no file and no terminal takes."""

from __future__ import annotations

import json
import re
from typing import Any

_HALF = re.compile(r"\\u[dD][89a-fA-F]")
"""Half of a character outside the first 65,536. JSON may have it alone, UTF-8 may not."""


_MOST_VALUES = 1_000_000


def loads(text: str) -> Any:
    """The document in a text; what is half a character becomes a question mark.

    Raises:
        ValueError: It is not JSON, nested too deeply, or has more values than any real document: each takes a
            hundred bytes of memory, and two in the text.
    """
    if sum(map(text.count, "[{,")) > _MOST_VALUES:
        raise ValueError(f"more than {_MOST_VALUES} values")
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


def as_json(value: object) -> str:
    """The beginning of a value as JSON. Aliases make a few lines of YAML a document of terabytes."""
    text = ""
    for part in json.JSONEncoder(default=str, ensure_ascii=False).iterencode(value):
        text += part
        if len(text) > _MOST_CHARACTERS:
            break
    return text


_LONGEST = 2000
_MOST_CHARACTERS = 100_000


def printable(text: str) -> str:
    """The text with a question mark for each half of a character."""
    return text.encode(errors="replace").decode()
