"""Reads the YAML and JSON of charts and repositories, which are not trusted.

PyYAML's loaders recurse and crash the process on deeply nested input. This reader does not recurse, limits
the depth, and shares aliased values instead of copying them. Scalars stay text as written: ``version: 1.10``
is ``1.10``.
"""

from __future__ import annotations

import json
from typing import Any

import yaml

_DEPTH = 100
_NULL = frozenset({"", "~", "null", "Null", "NULL"})


def parse(content: bytes) -> dict[str, Any]:
    """Returns the first document of the text.

    Raises:
        ValueError: The text is invalid, nested too deeply, or not an object.
    """
    text = content.decode(errors="replace")
    document: object = None
    if text.lstrip().startswith("{"):
        try:
            document = json.loads(text)  # JSON may have tabs, which YAML forbids
        except (ValueError, RecursionError):
            document = None
    try:
        document = document or _parse(text)
    except yaml.YAMLError as error:
        raise ValueError(f"invalid YAML: {' '.join(str(error).split())[:200]}") from None
    if not isinstance(document, dict):
        raise ValueError("not an object")  # noqa: TRY004 - the input is wrong, not the program
    return document


def _parse(text: str) -> object:
    loader = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
    root: list[Any] = []
    open_: list[_Collection] = [_Collection(root, is_map=False)]
    anchors: dict[str, object] = {}
    for event in yaml.parse(text, Loader=loader):
        if isinstance(event, yaml.DocumentEndEvent):
            break
        if isinstance(event, yaml.CollectionEndEvent):
            open_.pop()
            continue
        if isinstance(event, yaml.AliasEvent):
            open_[-1].add(anchors.get(event.anchor or ""))
            continue
        if isinstance(event, yaml.ScalarEvent):
            plain = not event.style
            value: Any = None if plain and event.value in _NULL else event.value
        elif isinstance(event, yaml.CollectionStartEvent):
            value = {} if isinstance(event, yaml.MappingStartEvent) else []
        else:
            continue
        if event.anchor:
            anchors[event.anchor] = value
        open_[-1].add(value)
        if isinstance(event, yaml.CollectionStartEvent):
            open_.append(_Collection(value, is_map=isinstance(value, dict)))
            if len(open_) > _DEPTH:
                raise ValueError(f"nested deeper than {_DEPTH} levels")
    return root[0] if root else None


class _Collection:
    """An open list or object; an object takes keys and values in turn."""

    def __init__(self, value: Any, *, is_map: bool) -> None:
        self._value, self._is_map = value, is_map
        self._key: str | None = None
        self._has_key = False

    def add(self, item: Any) -> None:
        if not self._is_map:
            self._value.append(item)
        elif self._has_key:
            if self._key is not None:
                self._value[self._key] = item
            self._has_key = False
        else:
            self._key, self._has_key = item if isinstance(item, str) else None, True
