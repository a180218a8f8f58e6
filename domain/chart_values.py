"""Values of a chart: the program's with the user's laid over them, but never against the design."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def merge(ours: Mapping[str, Any], theirs: Mapping[str, Any]) -> dict[str, Any]:
    """Both, map by map; where both have a value that is no map, theirs."""
    merged = dict(ours)
    for key, value in theirs.items():
        below = merged.get(key)
        merged[key] = (
            merge(below, value) if isinstance(below, Mapping) and isinstance(value, Mapping) else value
        )
    return merged


def conflicts(values: Mapping[str, Any], fixed: Mapping[str, tuple[object, str]]) -> list[str]:
    """One message for each value that is set to something else than the design needs.

    Args:
        values: The user's values.
        fixed: Dotted path to the only value allowed there, and why.
    """
    found = []
    for path, (wanted, why) in fixed.items():
        given: Any = values
        for part in path.split("."):
            given = given.get(part, _ABSENT) if isinstance(given, Mapping) else _ABSENT
        if given is not _ABSENT and given != wanted:
            found.append(f"{path} must not be {given!r}: {why}. Leave it out")
    return found


_ABSENT = object()
