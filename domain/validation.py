"""What pydantic finds wrong, in the words of the user's document."""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection, Mapping
from typing import Any

from pydantic import ValidationError

from domain.documents import as_json
from domain.finding import Finding
from domain.urls import hide_userinfo

_HIDDEN = "***"
_LONGEST = 200

_PROBLEMS: Mapping[str, str] = {
    "missing": "is not set",
    "string_pattern_mismatch": "does not have the right form",
    "int_parsing": "must be a whole number",
    "int_from_float": "must be a whole number",
    "int_type": "must be a whole number",
    "bool_parsing": "must be true or false",
    "bool_type": "must be true or false",
    "string_type": "must be text",
    "dict_type": "must be an object",
    "model_type": "must be an object",
    "model_attributes_type": "must be an object",
    **dict.fromkeys(
        ("date_type", "date_parsing", "date_from_datetime_parsing", "date_from_datetime_inexact"),
        "must be a date such as 2026-05-01",
    ),
    "list_type": "must be a list",
    "tuple_type": "must be a list",
    "string_too_short": "must not be empty",
}


def findings(
    error: ValidationError,
    *,
    place: str = "",
    known: Collection[str] = (),
    examples: Mapping[str, object] | None = None,
    secrets: Collection[str] = (),
    remedies: Mapping[str, str] | None = None,
) -> list[Finding]:
    """Everything that a validation found wrong, one finding a place.

    A finding's key is the path of the value, such as ``sites[0].labels.tier``. Its first part is the key as
    the document has it (an alias where the model has one).

    Args:
        error: What pydantic raised.
        place: Path of the validated document; put in front of each key.
        known: Keys that the document may have, for "did you mean".
        examples: A valid value by key.
        secrets: Keys whose value is never shown.
        remedies: What to do, by pydantic's type of error (``missing``, ``extra_forbidden``, ``dict_type``);
            ``{key}`` and ``{example}`` stand for the key and its example. The default is the example.
    """
    given, ways = examples or {}, remedies or {}
    return [
        _finding(item, place=place, known=known, examples=given, secrets=secrets, remedies=ways)
        for item in error.errors(include_url=False)
    ]


def path(location: Collection[int | str], place: str = "") -> str:
    """A place in a document as people write it: ``sites[0].name``."""
    text = place
    for part in location:
        if isinstance(part, int):
            text += f"[{part}]"
        elif part != "[key]":  # pydantic's mark for the key of a mapping, which precedes it
            name = part if part.isprintable() else ascii(part)[1:-1]
            text += f".{name}" if text else name
    return text


def _finding(
    item: Mapping[str, Any],
    *,
    place: str,
    known: Collection[str],
    examples: Mapping[str, object],
    secrets: Collection[str],
    remedies: Mapping[str, str],
) -> Finding:
    location, kind = item["loc"], str(item["type"])
    key = path(location, place)
    name = str(location[-1]) if location else ""
    if kind == "extra_forbidden":
        close = difflib.get_close_matches(name, known, n=1)
        problem = "is not a known key" + (f"; did you mean {close[0]}?" if close else "")
    else:
        problem = _PROBLEMS.get(kind) or _plain(item)
    example = next((examples[part] for part in (key, *map(str, location)) if part in examples), None)
    remedy = remedies.get(kind, "" if example is None else "Give one such as {example}")
    hidden = bool(set(secrets) & {key, *map(str, location)})
    return Finding(
        key,
        problem,
        remedy.format(key=key, example="" if example is None else example),
        "" if kind == "missing" else _HIDDEN if hidden else _shown(item["input"]),
    )


def _plain(item: Mapping[str, Any]) -> str:
    """Pydantic's sentence, with the value as its subject."""
    context = item.get("ctx") or {}
    match item["type"]:
        case "greater_than_equal":
            return f"must be at least {context['ge']}"
        case "less_than_equal":
            return f"must be at most {context['le']}"
    message = str(item["msg"]).removeprefix("Value error, ").replace(" after validation", "")
    return re.sub(r"^(Input|String|List|Tuple|Dictionary|Value) should", "must", message)


def _shown(value: object) -> str:
    text = hide_userinfo(as_json(value))
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
