"""Values of a chart: the program's with the user's laid over them, but never against the design."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from domain.finding import Finding


def merge(ours: Mapping[str, Any], theirs: Mapping[str, Any]) -> dict[str, Any]:
    """Both, map by map; where both have a value that is no map, theirs."""
    merged = dict(ours)
    for key, value in theirs.items():
        below = merged.get(key)
        merged[key] = (
            merge(below, value) if isinstance(below, Mapping) and isinstance(value, Mapping) else value
        )
    return merged


def conflicts(values: Mapping[str, Any], fixed: Mapping[str, tuple[object, str]]) -> Iterator[Finding]:
    """The values that differ from what the design needs; a finding's key is the value's path.

    Args:
        values: The user's values.
        fixed: Dotted path to the only value allowed there, and why.
    """
    for path, (wanted, why) in fixed.items():
        given: Any = values
        for part in path.split("."):
            given = given.get(part, _ABSENT) if isinstance(given, Mapping) else _ABSENT
        if given is not _ABSENT and given != wanted:
            yield Finding(
                key=path, problem=f"must be {wanted!r}: {why}", value=repr(given), remedy="Remove it"
            )


_ABSENT = object()
