"""Inputs of resources as policies see them: values may be unknown, or of a type that no provider accepts.

A mandatory policy that touches an unknown value is reported as advisory, with its other rules unread, and one
that crashes ends the preview. So a rule reads values only through these functions. A value that is unknown at
preview is judged during the update, before the resource is created.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from enum import Enum, auto
from typing import Any, Literal

from pulumi_policy import ReportViolation, ResourceValidationArgs
from pulumi_policy.proxy import UnknownValueError


class Missing(Enum):
    """Stands for a value that is not there."""

    UNKNOWN = auto()
    """Unknown until the update."""


UNKNOWN = Missing.UNKNOWN
Unknown = Literal[Missing.UNKNOWN]

Validator = Callable[[ResourceValidationArgs], Iterator[str]]
"""A pure rule: the violations of one resource, of a type that it is for."""

_BOOLEANS = {"true": True, "false": False}


class WrongTypeError(Exception):
    """A value has a type that its property cannot have. The message does not quote it: it may be secret."""

    def __init__(self, path: Sequence[str], wanted: str, found: object) -> None:
        """Make the error of the value at a path."""
        kind = "an object" if isinstance(found, Mapping) else f"a value of type {type(found).__name__}"
        super().__init__(f"{'.'.join(path)}: must be {wanted}, but is {kind}. Correct it")


def by_type(
    rules: Mapping[str, Sequence[Validator]],
) -> Callable[[ResourceValidationArgs, ReportViolation], None]:
    """A policy's validation: the rules for a resource's type judge it; other resources are not read."""

    def validate(args: ResourceValidationArgs, report: ReportViolation) -> None:
        messages: dict[str, None] = {}  # two rules may read the same wrong value
        for rule in rules.get(args.resource_type, ()):
            try:
                for message in rule(args):
                    messages[message] = None
            except WrongTypeError as error:
                messages[f"{args.name}: {error}"] = None
        for message in messages:
            report(message, None)

    return validate


def value(props: object, *path: str) -> Any:
    """The value at a path of keys; None when absent, ``UNKNOWN`` when it or its holder is unknown.

    Raises:
        WrongTypeError: A holder is not an object.
    """
    found = props
    try:
        for number, key in enumerate(path):
            if found is None:
                return None
            if not isinstance(found, Mapping):
                raise WrongTypeError(path[:number], "an object", found)
            found = found.get(key)
    except UnknownValueError:
        return UNKNOWN
    return found


def text(props: object, *path: str) -> str | Unknown | None:
    """The text at a path.

    Raises:
        WrongTypeError: It is not a text.
    """
    found = value(props, *path)
    if found is None or found is UNKNOWN or isinstance(found, str):
        return found
    raise WrongTypeError(path, "a text", found)


def boolean(props: object, *path: str) -> bool | Unknown | None:
    """The boolean at a path; ``"true"`` and ``"false"`` count, since providers and charts accept them.

    Raises:
        WrongTypeError: It is not a boolean.
    """
    found = value(props, *path)
    if found is None or found is UNKNOWN or isinstance(found, bool):
        return found
    if isinstance(found, str) and found.lower() in _BOOLEANS:
        return _BOOLEANS[found.lower()]
    raise WrongTypeError(path, "true or false", found)


def integer(props: object, *path: str) -> int | Unknown | None:
    """The whole number at a path; protobuf has only floats, and chart values may be texts.

    Raises:
        WrongTypeError: It is not a whole number.
    """
    found = value(props, *path)
    if found is None or found is UNKNOWN:
        return found
    try:
        if isinstance(found, int | float | str) and not isinstance(found, bool) and float(found).is_integer():
            return int(float(found))
    except (ValueError, OverflowError):
        pass
    raise WrongTypeError(path, "a whole number", found)


def mapping(props: object, *path: str) -> dict[str, Any] | Unknown | None:
    """The object at a path, ``UNKNOWN`` when anything in it is unknown.

    Raises:
        WrongTypeError: It is not an object.
    """
    found = plain(value(props, *path))
    if found is None or found is UNKNOWN or isinstance(found, dict):
        return found
    raise WrongTypeError(path, "an object", found)


def items(props: object, *path: str) -> list[Any] | Unknown | None:
    """The list at a path, ``UNKNOWN`` when anything in it is unknown.

    Raises:
        WrongTypeError: It is not a list.
    """
    found = plain(value(props, *path))
    if found is None or found is UNKNOWN or isinstance(found, list):
        return found
    raise WrongTypeError(path, "a list", found)


def plain(found: object) -> Any:
    """A value as plain dicts and lists; ``UNKNOWN`` when anything in it is unknown."""
    try:
        return _plain(found)
    except UnknownValueError:
        return UNKNOWN


def _plain(found: object) -> Any:
    if isinstance(found, Mapping):
        return {key: _plain(found[key]) for key in found}
    if isinstance(found, Sequence) and not isinstance(found, str):
        return [_plain(item) for item in found]
    return found
