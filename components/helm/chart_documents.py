"""Reads the YAML and JSON of charts and repositories, which are not trusted.

PyYAML's loaders recurse and crash the process on deeply nested input. This reader does not recurse, limits
the depth, and shares aliased values instead of copying them. Scalars stay text as written: ``version: 1.10``
is ``1.10``.
"""

from __future__ import annotations

from typing import Any

import yaml

from domain.documents import loads

_DEPTH = 100
_MOST_EVENTS = 1_500_000
"""The index of a hundred charts with all their versions has some 500,000."""
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
            document = loads(text)  # JSON may have tabs, which YAML forbids
        except ValueError:
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
    open_: list[tuple[Any, list[Any]]] = [(root, root)]  # each with its items; of an object: keys and values
    anchors: dict[str, object] = {}
    value: Any
    for number, event in enumerate(yaml.parse(text, Loader=loader)):
        if number > _MOST_EVENTS:
            raise ValueError(f"more than {_MOST_EVENTS} values")
        if isinstance(event, yaml.ScalarEvent):  # first, for most are
            value = None if not event.style and event.value in _NULL else event.value
        elif isinstance(event, yaml.CollectionStartEvent):
            value = {} if isinstance(event, yaml.MappingStartEvent) else []
        elif isinstance(event, yaml.CollectionEndEvent):
            value, items = open_.pop()
            if isinstance(value, dict):
                pairs = zip(items[::2], items[1::2], strict=True)
                value.update((key, item) for key, item in pairs if isinstance(key, str))
            continue
        elif isinstance(event, yaml.AliasEvent):
            open_[-1][1].append(anchors.get(event.anchor or ""))
            continue
        elif isinstance(event, yaml.DocumentEndEvent):
            break
        else:
            continue
        if event.anchor:
            anchors[event.anchor] = value
        open_[-1][1].append(value)
        if isinstance(event, yaml.CollectionStartEvent):
            open_.append((value, [] if isinstance(value, dict) else value))
            if len(open_) > _DEPTH:
                raise ValueError(f"nested deeper than {_DEPTH} levels")
    return root[0] if root else None
