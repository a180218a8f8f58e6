"""The shape of documents that others give: checked once, where they enter, so that the rest may rely on it.

A shape is a type, ``[shape]`` for a list, ``{str: shape}`` for an object of any keys, or an object of the
fields that the program reads: others may be there, and each may be absent or null unless its name ends with
``!``. ``check`` removes those that are null, so that ``get(name, default)`` is right for both.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

Shape = type | Sequence["Shape"] | Mapping[Any, "Shape"]

_NAMES = {
    str: "a text",
    int: "a whole number",
    float: "a number",
    bool: "true or false",
    list: "a list",
    dict: "an object",
}


class ShapeError(ValueError):
    """A document has another shape. The message names the place, and quotes nothing."""


def check(document: object, shape: Shape, place: str = "") -> None:
    """Check a document, and remove its fields that are null.

    Raises:
        ShapeError: It has another shape; for the first place where it has.
    """
    if isinstance(shape, type):
        _check_type(document, shape, place)
    elif isinstance(shape, Mapping):
        _check_type(document, dict, place)
        assert isinstance(document, dict)  # noqa: S101 - for mypy
        if str in shape:
            for name, value in document.items():
                check(value, shape[str], _below(place, name))
            return
        for field, inner in shape.items():
            name = field.rstrip("!")
            if document.get(name) is not None:
                check(document[name], inner, _below(place, name))
            elif name != field:
                raise ShapeError(f"{_below(place, name)} is missing")
            else:
                document.pop(name, None)
    else:
        _check_type(document, list, place)
        assert isinstance(document, list)  # noqa: S101 - for mypy
        for number, value in enumerate(document):
            check(value, shape[0], f"{place}[{number}]")


def _check_type(value: object, kind: type, place: str) -> None:
    accepted = (int, float) if kind is float else kind
    if not isinstance(value, accepted) or (isinstance(value, bool) and kind in (int, float)):
        raise ShapeError(f"{place or 'the document'} is not {_NAMES[kind]}")


def _below(place: str, name: object) -> str:
    text = str(name)
    shown = text if text.isprintable() and len(text) <= _LONGEST_NAME else "…"
    return f"{place}.{shown}" if place else shown


_LONGEST_NAME = 80
