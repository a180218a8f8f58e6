"""Inputs of resources as policies see them, read so that a value which is not known yet does no harm.

A mandatory policy that touches an unknown value is reported as advisory, with all its other rules unread. So
no rule reads a value but through here. What is unknown at preview is judged during the update: then the
inputs are known, and the engine asks the policies before it makes the resource.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from enum import Enum, auto
from typing import Any

from pulumi_policy import ReportViolation, ResourceValidationArgs
from pulumi_policy.proxy import UnknownValueError


class Missing(Enum):
    """What a read gives in place of a value."""

    UNKNOWN = auto()
    """Not known before the update."""


UNKNOWN = Missing.UNKNOWN

Validator = Callable[[ResourceValidationArgs], Iterator[str]]
"""A pure rule: the violations of one resource, of a type that it is for."""


def by_type(
    rules: Mapping[str, Sequence[Validator]],
) -> Callable[[ResourceValidationArgs, ReportViolation], None]:
    """A policy's validation: each resource is judged by the rules of its type, and no other is read."""

    def validate(args: ResourceValidationArgs, report: ReportViolation) -> None:
        for rule in rules.get(args.resource_type, ()):
            for message in rule(args):
                report(message, None)

    return validate


def value(props: object, *path: str) -> Any:
    """The value at a path of keys; None when absent, ``UNKNOWN`` when it or what holds it is unknown."""
    found = props
    try:
        for key in path:
            if not isinstance(found, Mapping):
                return None
            found = found.get(key)
    except UnknownValueError:
        return UNKNOWN
    return found


def plain(found: object) -> Any:
    """A value as plain dicts and lists; ``UNKNOWN`` when anything in it is unknown."""
    try:
        return _plain(found)
    except UnknownValueError:
        return UNKNOWN


def integer(found: object) -> int | None:
    """A number as an integer (protobuf has only floats, and chart values may be texts); None for others."""
    if isinstance(found, bool) or not isinstance(found, int | float | str):
        return None
    try:
        return int(float(found))
    except ValueError:
        return None


def _plain(found: object) -> Any:
    if isinstance(found, Mapping):
        return {key: _plain(found[key]) for key in found}
    if isinstance(found, Sequence) and not isinstance(found, str):
        return [_plain(item) for item in found]
    return found
