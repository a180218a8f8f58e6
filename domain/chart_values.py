"""Values of a Helm chart: the program's, overridden by the user's except where the design depends on them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from domain.finding import Finding

_UNSET = object()


def merge(defaults: Mapping[str, Any], overrides: Mapping[str, Any]) -> dict[str, Any]:
    """Merges two sets of values as Helm does: objects by key; any other override replaces the default."""
    merged = dict(defaults)
    for key, value in overrides.items():
        default = merged.get(key)
        both = isinstance(default, Mapping) and isinstance(value, Mapping)
        merged[key] = merge(default, value) if both else value  # type: ignore[arg-type]
    return merged


def conflicts(values: Mapping[str, Any], fixed: Mapping[str, tuple[object, str]]) -> list[Finding]:
    """Returns one finding for each value that the design does not allow; its key is the value's path.

    Args:
        values: The user's values.
        fixed: Dotted path to the only value allowed there, and the reason.
    """
    found: dict[str, Finding] = {}
    for path, (allowed, reason) in fixed.items():
        given: Any = values
        at: list[str] = []
        for part in path.split("."):
            if not isinstance(given, Mapping):
                key = ".".join(at)
                found[key] = Finding(key, f"must be an object, not {given!r}", "Correct it or leave it out")
                break
            at.append(part)
            given = given.get(part, _UNSET)
            if given is _UNSET:
                break
        else:
            if given != allowed:
                found[path] = Finding(path, f"must not be {given!r}: {reason}", "Leave it out")
    return list(found.values())
